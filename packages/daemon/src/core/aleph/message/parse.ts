/** From JSON to what a message says: every field checked, defaults filled in, nothing unknown let through. Pure. */

import type { ItemHash } from "../item-hash.ts";
import type {
  ExecutableContent,
  InstanceContent,
  ProgramContent,
  StoredMessage,
} from "./content.ts";
import { readEnvelope } from "./envelope.ts";
import { readForm } from "./form.ts";
import { INSTANCE } from "./instance-schema.ts";
import { PROGRAM } from "./program-schema.ts";
import { isObject } from "./lax-values.ts";
import { checked } from "./checked.ts";

/** @param value the content of an INSTANCE message, or the body of a reservation. @throws SchemaProblems */
export function readInstance(value: unknown): InstanceContent {
  return checked(value, (spot) => readForm(spot, INSTANCE));
}

/** @param value the content of a PROGRAM message. @throws SchemaProblems */
export function readProgram(value: unknown): ProgramContent {
  return checked(value, (spot) => readForm(spot, PROGRAM));
}

/** A program if it has code, an instance otherwise. @throws SchemaProblems */
export function readExecutable(content: unknown): ExecutableContent {
  return isObject(content) && "code" in content ? readProgram(content) : readInstance(content);
}

/**
 * Reads a whole message, or the bare content of one, which its owner is then taken to have sent.
 * What its content says beyond its owner is not checked here.
 * @param hash what it is kept or asked for under; a message that names another is refused
 * @throws SchemaProblems
 */
export function readMessage(value: unknown, hash: ItemHash): StoredMessage {
  return readEnvelope(value, hash);
}

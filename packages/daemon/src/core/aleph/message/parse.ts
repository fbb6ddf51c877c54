/** From JSON to what a message says: every field checked, defaults filled in, nothing unknown let through. Pure. */

import type { ItemHash } from "../item-hash.ts";
import type {
  ExecutableContent,
  InstanceContent,
  ProgramContent,
  StoredMessage,
} from "./content.ts";

/** @param value the content of an INSTANCE message, or the body of a reservation. @throws SchemaProblems */
export function readInstance(_value: unknown): InstanceContent {
  throw new Error("invariant: not written yet");
}

/** @param value the content of a PROGRAM message. @throws SchemaProblems */
export function readProgram(_value: unknown): ProgramContent {
  throw new Error("invariant: not written yet");
}

/** A program if it has code, an instance otherwise. @throws SchemaProblems */
export function readExecutable(_content: unknown): ExecutableContent {
  throw new Error("invariant: not written yet");
}

/**
 * Reads a whole message, or the bare content of one, which its owner is then taken to have sent.
 * What its content says beyond the envelope is not checked here.
 * @param hash what it is kept or asked for under; a message that names another is refused
 * @throws SchemaProblems
 */
export function readMessage(_value: unknown, _hash: ItemHash): StoredMessage {
  throw new Error("invariant: not written yet");
}

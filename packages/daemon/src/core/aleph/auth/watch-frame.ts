/** The first message of somebody who wants to watch a VM's logs: credentials, since browsers put none into headers there. */

import { Refusal } from "../refusal.ts";
import { isJsonObject, parsedJson, type JsonObject } from "./json-object.ts";

const MAX_FRAME_CHARS = 65_536;
/** bytes of a binary message that are said back */
const MAX_SHOWN_BYTES = 32;

export interface WatchCredentials {
  readonly pubKey: unknown;
  readonly operation: unknown;
}

/**
 * @param frame text, or the bytes of a binary message
 * @throws Refusal `bad request`
 */
export function credentialsIn(frame: string | Uint8Array): WatchCredentials {
  if (typeof frame !== "string") refuse(`Received message 2:${shown(frame)} is not WSMsgType.TEXT`);
  const message = frame.length > MAX_FRAME_CHARS ? undefined : parsedJson(frame);
  if (message === undefined) refuse("Expecting value: line 1 column 1 (char 0)");
  const auth = isJsonObject(message) ? message["auth"] : undefined;
  if (!auth || isEmpty(auth)) refuse("missing 'auth' key in message");
  return credentialsOf(isJsonObject(auth) ? auth : {});
}

function credentialsOf(auth: JsonObject): WatchCredentials {
  const { "X-SignedPubKey": pubKey, "X-SignedOperation": operation } = auth;
  if (isJsonObject(pubKey) && isJsonObject(operation)) return { pubKey, operation };
  return refuse("Invalid format for auth packet, see /doc/operator_auth.md");
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** As clients of the network know it: `b'..'`. */
function shown(bytes: Uint8Array): string {
  const characters = Array.from(bytes.subarray(0, MAX_SHOWN_BYTES), (byte) => {
    const character = String.fromCharCode(byte);
    const isPlain = byte >= 0x20 && byte < 0x7f && character !== "'" && character !== "\\";
    return isPlain ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  const rest = bytes.length > MAX_SHOWN_BYTES ? ".." : "";
  return `b'${characters.join("")}${rest}'`;
}

function refuse(reason: string): never {
  throw new Refusal("bad request", reason);
}

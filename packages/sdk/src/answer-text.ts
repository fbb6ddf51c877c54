/** Answers that are read whole: bounded text, and JSON. */

import { AlcoveProtocolError } from "./errors.ts";
import type { Answer, Wire, WireRequest } from "./wire.ts";

/** Longest JSON answer that is read into memory, in bytes. */
const JSON_LIMIT_BYTES = 128 * 1024 * 1024;

export async function textOf(
  answer: Answer<Uint8Array>,
  limitBytes: number,
  beyond: "fail" | "truncate",
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of answer.chunks()) {
    const room = limitBytes - bytes;
    bytes += chunk.length;
    if (bytes > limitBytes && beyond === "fail") {
      throw new AlcoveProtocolError(`The answer is longer than ${limitBytes} bytes`);
    }
    text += decoder.decode(chunk.subarray(0, room), { stream: true });
    if (bytes > limitBytes) break;
  }
  return text + decoder.decode();
}

/** @returns the answer's JSON, or its text where it is not JSON; `undefined` for an empty one */
export async function askJson(
  wire: Wire<Uint8Array>,
  request: WireRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const answer = await wire.open(request, signal);
  const text = await textOf(answer, JSON_LIMIT_BYTES, "fail");
  if (text === "") return undefined;
  if (!answer.header("content-type")?.includes("json")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AlcoveProtocolError(`The answer to ${request.path} is not JSON`, { cause });
  }
}

/** A request whose answer says nothing but that it is done. */
export async function ask(
  wire: Wire<Uint8Array>,
  request: WireRequest,
  signal: AbortSignal,
): Promise<void> {
  await drain((await wire.open(request, signal)).chunks());
}

/** Drops an answer's body, so that the connection can be used again. */
export async function drain(content: AsyncIterable<unknown>): Promise<void> {
  for await (const chunk of content) void chunk;
}

export function jsonRequest(
  method: WireRequest["method"],
  path: string,
  body: unknown,
): WireRequest {
  const headers = { "content-type": "application/json" };
  return { method, path, headers, body: JSON.stringify(body) };
}

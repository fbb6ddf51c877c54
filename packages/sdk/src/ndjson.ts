/**
 * Newline-delimited JSON from bytes that arrive in any pieces. The sender is not trusted: a line has
 * a bound, every line must be one JSON object, and a stream that ends inside a line is an error,
 * because its last message may be the one that matters.
 */

import { AlcoveProtocolError, isObject } from "./errors.ts";

/** Longest line, in bytes. A host's own lines stay below 100 KiB. */
export const LINE_LIMIT_BYTES: number = 1024 * 1024;

const NEWLINE = 0x0a;

/** @throws AlcoveProtocolError for a line that is too long, not an object, or cut off */
export async function* readNdjson(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Record<string, unknown>> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pending.push(chunk.subarray(start, end));
      pendingBytes += end - start;
      checkLength(pendingBytes);
      const line = Buffer.concat(pending, pendingBytes).toString("utf8").trim();
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== "") yield parseLine(line);
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      checkLength(pendingBytes);
    }
  }
  if (pendingBytes > 0) throw new AlcoveProtocolError("The stream ended inside a line");
}

function checkLength(bytes: number): void {
  if (bytes <= LINE_LIMIT_BYTES) return;
  throw new AlcoveProtocolError(`A line is longer than ${LINE_LIMIT_BYTES} bytes`);
}

function parseLine(line: string): Record<string, unknown> {
  const value = parse(line);
  if (isObject(value)) return value;
  throw new AlcoveProtocolError("A line of the stream is not a JSON object");
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    throw new AlcoveProtocolError("A line of the stream is not JSON", { cause });
  }
}

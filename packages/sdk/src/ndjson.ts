/** Newline-delimited JSON: every line must be one JSON object. */

import { AlcoveProtocolError, isObject } from "./errors.ts";
import { readLines } from "./lines.ts";

/** @throws AlcoveProtocolError for a line that is too long, not an object, or cut off */
export async function* readNdjson(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Record<string, unknown>> {
  for await (const line of readLines(chunks)) {
    if (line.trim() !== "") yield parseLine(line);
  }
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

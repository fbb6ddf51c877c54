/** A VM's log as a node sends it: all of the past as one JSON list with an entry a line, or line by line as it comes. */

import { AlcoveProtocolError, isObject } from "@alcove/sdk/errors.ts";
import { readLines } from "@alcove/sdk/lines.ts";

export type LogEntry = Readonly<Record<string, unknown>>;

/** Of a list that may be longer than memory. @throws AlcoveProtocolError for what is no such list */
export async function* pastEntries(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<LogEntry, undefined> {
  for await (const line of readLines(endedWithLine(chunks))) {
    const entry = line.replace(/^\s*\[/, "").replace(/,?\]?\s*$/, "");
    if (entry.trim() === "") continue;
    const value = valueOf(entry);
    if (!isObject(value)) throw new AlcoveProtocolError("The node's log is no list of entries");
    yield value;
  }
  return undefined;
}

async function* endedWithLine(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, undefined> {
  yield* chunks;
  yield Buffer.from("\n");
  return undefined;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says what it should have been
  }
}

/**
 * Lines from bytes that arrive in any pieces. The sender is not trusted: a line has a bound, and a
 * stream that ends inside a line is an error, because its last message may be the one that matters.
 */

import { AlcoveProtocolError } from "./errors.ts";

/** Longest line, in bytes. A host's own lines stay below 100 KiB. */
export const LINE_LIMIT_BYTES: number = 1024 * 1024;

const NEWLINE = 0x0a;

/** Without their ends. @throws AlcoveProtocolError for a line that is too long or cut off */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder = new TextDecoder();
  let pending = "";
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      checkLength(pendingBytes + end - start);
      yield pending + decoder.decode(chunk.subarray(start, end));
      decoder = new TextDecoder();
      pending = "";
      pendingBytes = 0;
      start = end + 1;
    }
    pendingBytes += chunk.length - start;
    checkLength(pendingBytes);
    pending += decoder.decode(chunk.subarray(start), { stream: true });
  }
  if (pendingBytes > 0) throw new AlcoveProtocolError("The stream ended inside a line");
}

function checkLength(bytes: number): void {
  if (bytes <= LINE_LIMIT_BYTES) return;
  throw new AlcoveProtocolError(`A line is longer than ${LINE_LIMIT_BYTES} bytes`);
}

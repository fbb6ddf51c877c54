/**
 * Reads a console log as it grows: any number of readers, none of which the writer notices.
 *
 * The log is a file that QEMU appends to, so a live reader needs nothing of QEMU and goes on over a
 * restart of the daemon's. A log that was cut to its newest part is read on from its new end.
 */

import { constants } from "node:fs";
import { type FileHandle, open, watch } from "node:fs/promises";

import { KIB } from "#lib/bytes.ts";

const CHUNK_BYTES = 64 * KIB;

/**
 * The newest `tailBytes` of what is there, then what is appended, with nothing left out or twice. Ends when the file is
 * removed; rejects with the signal's reason, or ENOENT when there is no file.
 */
export async function* followConsoleLog(
  path: string,
  tailBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await using file = await open(path, constants.O_RDONLY);
  // Watching begins before the first look, so that nothing falls between them.
  const changes = watch(path, { signal });
  let position = Math.max(0, (await file.stat()).size - tailBytes);
  for await (const { bytes, end } of appended(file, position)) {
    position = end;
    yield bytes;
  }
  for await (const _change of changes) {
    for await (const { bytes, end } of appended(file, position)) {
      position = end;
      yield bytes;
    }
    const { nlink, size } = await file.stat();
    if (nlink === 0) return;
    position = Math.min(position, size);
  }
}

async function* appended(
  file: FileHandle,
  from: number,
): AsyncGenerator<{ bytes: Uint8Array; end: number }> {
  for (let position = from; ;) {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(CHUNK_BYTES),
      0,
      CHUNK_BYTES,
      position,
    );
    if (bytesRead === 0) return;
    position += bytesRead;
    yield { bytes: buffer.subarray(0, bytesRead), end: position };
  }
}

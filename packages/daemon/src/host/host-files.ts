/** Files of this host, to be read from their beginning to their end. */

import { type FileHandle, open } from "node:fs/promises";

import type { HostFile, HostFiles } from "#core/aleph/ports/host-files.ts";

import { zipAsTar } from "./zip-as-tar.ts";

export const hostFiles: HostFiles = {
  open: (path) => opened(path, (handle) => handle.createReadStream({ autoClose: false })),
  openZip: (path) => opened(path, unzipped),
};

async function opened(
  path: string,
  contentOf: (handle: FileHandle) => AsyncIterable<Uint8Array>,
): Promise<HostFile> {
  const handle = await open(path, "r");
  const close = async () => await handle.close();
  const facts = await handle.stat();
  if (!facts.isFile()) {
    await close();
    throw new Error(`${path} is no plain file`);
  }
  return { sizeBytes: facts.size, content: contentOf(handle), [Symbol.asyncDispose]: close };
}

/** Read whole, once somebody wants it: its directory is at its end. */
async function* unzipped(handle: FileHandle): AsyncGenerator<Uint8Array, undefined> {
  yield* zipAsTar(await handle.readFile());
  return undefined;
}

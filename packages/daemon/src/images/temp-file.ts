/** A place for a file of a moment. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** @returns a path where nothing is, in a directory that is nobody else's; disposing removes what came there */
export async function tempFile(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtemp(path.join(tmpdir(), "alcove-"));
  return {
    path: path.join(directory, "file"),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Directories that end with the test that wanted them. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface TempDir extends AsyncDisposable {
  readonly path: string;
}

export async function tempDir(parent = tmpdir()): Promise<TempDir> {
  const made = await mkdtemp(path.join(parent, "alcove-test-"));
  return {
    path: made,
    [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true }),
  };
}

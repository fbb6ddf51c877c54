/** The real command that builds and imports images, on the store that all tests share. */

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { IMAGES, ROOT } from "./can-run.ts";

const BUILD_MS = 600_000;

const run = promisify(execFile);

/** @returns what it printed */
export async function alcoveImage(...words: string[]): Promise<string> {
  const env = { ...process.env, ALCOVE_STATE_DIR: path.dirname(IMAGES) };
  const options = { env, timeout: BUILD_MS };
  const { stdout } = await run(path.join(ROOT, "bin/alcove"), ["image", ...words], options);
  return stdout;
}

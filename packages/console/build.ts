/**
 * Builds the console into `dist/`, with a Brotli and a gzip form beside every file that gets smaller by it.
 *
 *     npm run build -w @alcove/console
 */

import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import { build } from "vite";

import { settings } from "./vite-settings.ts";

const DIST = path.join(import.meta.dirname, "dist");
/** a smaller file is not worth a second form */
const WORTH_BYTES = 512;
const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

await build({ ...settings, logLevel: "warn" });
const names = globSync("**/*.{html,js,css,svg,json,webmanifest}", { cwd: DIST });
const sizes = await Promise.all(names.map((name) => compress(path.join(DIST, name))));
const total = sizes.reduce((sum, size) => sum + size, 0);
process.stdout.write(`console: ${names.length} files, ${Math.ceil(total / 1024)} KiB compressed\n`);

/** @returns its size over the wire, in bytes */
async function compress(file: string): Promise<number> {
  const content = await readFile(file);
  if (content.length < WORTH_BYTES) return content.length;
  const options = {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  };
  const [br, gz] = await Promise.all([brotli(content, options), zip(content, { level: 9 })]);
  await writeFile(`${file}.br`, br);
  await writeFile(`${file}.gz`, gz);
  return br.length;
}

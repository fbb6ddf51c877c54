/** Knows whether a step was done for exactly these inputs: a hash of them, kept in a file. */

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";

const NOT_INPUT = new Set(["target", "node_modules", ".git"]);

/**
 * Hash of files and folders (with names, contents and the executable bit). A missing one counts
 * as missing, so that its arrival changes the hash. Tests are no input of a product.
 * @param {string} root
 * @param {readonly string[]} paths relative to root
 */
export function hashOf(root, paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap((one) => filesUnder(join(root, one)))) {
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.from("missing");
    const executable = existsSync(path) && (statSync(path).mode & 0o100) !== 0;
    hash.update(`${relative(root, path)}\0${executable}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesUnder(path) {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .toSorted()
    .filter((name) => !NOT_INPUT.has(name) && !name.endsWith(".test.ts"))
    .flatMap((name) => filesUnder(join(path, name)));
}

/**
 * @param {string} file
 * @param {string} hash
 */
export function isStamped(file, hash) {
  return existsSync(file) && readFileSync(file, "utf8").trim() === hash;
}

/**
 * @param {string} file
 * @param {string} hash
 */
export function stamp(file, hash) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${hash}\n`);
  renameSync(`${file}.new`, file);
}

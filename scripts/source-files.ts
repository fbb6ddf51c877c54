/** Which TypeScript files are ours: the one list that the type check, the ratchet and the tests share. */

import { existsSync, globSync } from "node:fs";
import { join } from "node:path";

/** folders that may hold TypeScript of ours; a missing one is simply empty */
export const SOURCE_FOLDERS = ["packages", "scripts", "e2e", "bench"] as const;

const NOT_OURS = /(^|\/)(node_modules|fixtures|generated|vendor|dist)(\/|$)/;

/** @returns sorted paths relative to `root`, with forward slashes */
export function sourceFiles(root: string, folders: readonly string[] = SOURCE_FOLDERS): string[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      globSync("**/*.{ts,tsx}", {
        cwd: join(root, folder),
        exclude: (path) => NOT_OURS.test(path),
      }).map((path) => `${folder}/${path}`),
    )
    .filter((path) => !path.endsWith(".d.ts"))
    .toSorted();
}

/** tests that start our programs again and again, and others that take seconds */
const SLOW_TEST = /\.(?:program|slow)\.test\.ts$/;

/** @returns the unit tests: everything but whole-system tests and slow ones */
export function unitTestFiles(root: string): string[] {
  return testFiles(root).filter((path) => !SLOW_TEST.test(path));
}

/** @returns tests that are too slow for every change */
export function slowTestFiles(root: string): string[] {
  return testFiles(root).filter((path) => SLOW_TEST.test(path));
}

function testFiles(root: string): string[] {
  return sourceFiles(root, ["packages", "scripts", "bench"]).filter((path) =>
    path.endsWith(".test.ts"),
  );
}

/**
 * `.alcoveignore` and `.slicerignore` of a directory that is copied into a VM: what they name stays
 * here. Their lines are patterns as `--exclude` takes them, with the comments and the slashes of
 * `.gitignore`; a line that would let something in again is not understood, and refused.
 */

import { open } from "node:fs/promises";
import path from "node:path";

import { UsageError } from "./failure.ts";

const FILES = [".alcoveignore", ".slicerignore"];
/** Longer ones are no ignore files, in bytes. */
const LIMIT_BYTES = 1024 * 1024;

/** @returns patterns for `--exclude`; none without such files @throws UsageError with file and line */
export async function ignoredIn(directory: string): Promise<readonly string[]> {
  const patterns: string[] = [];
  for (const name of FILES) {
    const file = path.join(directory, name);
    const text = await textOf(file);
    if (text !== undefined) patterns.push(...patternsIn(text, file));
  }
  return patterns;
}

/** @param file named in what is said about a line */
export function patternsIn(text: string, file: string): readonly string[] {
  return text.split("\n").flatMap((line, index) => {
    // A space at the end counts only when it is escaped, as in .gitignore.
    const pattern = line.replace(/\r$/, "").replace(/(?<!\\)\s+$/, "");
    if (pattern === "" || pattern.startsWith("#")) return [];
    if (!pattern.startsWith("!")) return [unescaped(pattern)];
    throw new UsageError(
      `${file}:${index + 1}: a line that begins with ! (take in again) is not understood; write \\! for a name`,
    );
  });
}

/** `\#`, `\!` and an escaped space stand for the characters themselves. */
function unescaped(pattern: string): string {
  return pattern.replace(/^\\(?=[#!])/, "").replace(/\\(?= $)/, "");
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > LIMIT_BYTES) throw new UsageError(`${file} is longer than ${LIMIT_BYTES} bytes`);
    return await handle.readFile("utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

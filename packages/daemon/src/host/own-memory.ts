/** What a process has of the host's memory for itself: what it shares with others costs nothing more. */

import { readFile } from "node:fs/promises";

import { KIB } from "#lib/bytes.ts";

/** @returns bytes; 0 when there is no such process, or nothing is told of it */
export async function ownMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  const sizes = text.matchAll(/^Private_(?:Clean|Dirty|Hugetlb): +(\d+) kB$/gm);
  return sizes.reduce((sum, [, size]) => sum + Number(size) * KIB, 0);
}

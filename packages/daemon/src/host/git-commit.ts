/** Which commit this checkout is, for /info; read from the files, without starting git. */

import { readFile } from "node:fs/promises";
import path from "node:path";

/** @returns the commit id, or "unknown" outside a checkout */
export async function gitCommit(root: string): Promise<string> {
  const head = await textOf(path.join(root, ".git/HEAD"));
  const reference = /^ref: (.+)$/m.exec(head)?.[1];
  if (reference === undefined) return idIn(head);
  const loose = idIn(await textOf(path.join(root, ".git", reference)));
  if (loose !== UNKNOWN) return loose;
  const packed = await textOf(path.join(root, ".git/packed-refs"));
  return idIn(packed.split("\n").find((line) => line.endsWith(` ${reference}`)) ?? "");
}

const UNKNOWN = "unknown";

function idIn(text: string): string {
  return /^[0-9a-f]{40}/.exec(text)?.[0] ?? UNKNOWN;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return ""; // not a checkout, or the reference is packed: the caller has another place to look
  }
}

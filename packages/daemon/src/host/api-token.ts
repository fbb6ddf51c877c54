/** The daemon's bearer token: made once, kept in a file that only its user can read. */

import { randomBytes } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";

const TOKEN_BYTES = 32;

/** @returns the token in `file`, which is made with a new one if it does not exist */
export async function apiToken(file: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  try {
    await using handle = await open(file, "wx", 0o600);
    await handle.writeFile(`${token}\n`);
    await handle.sync();
    return token;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const kept = (await readFile(file, "utf8")).trim();
  if (kept === "")
    throw new Error(`${file} is empty: write a token into it, or remove it to get a new one`);
  return kept;
}

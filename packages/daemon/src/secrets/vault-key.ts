/** The key that seals all secrets: made once, in a file that only the daemon's user can read. */

import { randomBytes } from "node:crypto";
import { open, type FileHandle, rename, rm } from "node:fs/promises";

import { StartRefused } from "#lib/start-refused.ts";

import { KEY_BYTES } from "./record.ts";

/**
 * @param sealed how many secrets rest under the key: with any, a missing key is not replaced
 * @throws StartRefused when there is no usable key, saying what to do
 */
export async function vaultKey(file: string, sealed: number): Promise<Buffer> {
  const kept = await existing(file);
  if (kept) return kept;
  if (sealed > 0) {
    const what = `${file} is missing, and ${sealed} secrets are sealed with it`;
    throw new StartRefused(`${what}: restore it, or remove the sealed secrets beside it`);
  }
  return made(file);
}

/** Written beside its place: a crash must not leave half a key. */
async function made(file: string): Promise<Buffer> {
  const key = randomBytes(KEY_BYTES);
  const unfinished = `${file}.new`;
  await rm(unfinished, { force: true });
  {
    await using handle = await open(unfinished, "wx", 0o600);
    await handle.writeFile(key);
    await handle.sync();
  }
  await rename(unfinished, file);
  return key;
}

async function existing(file: string): Promise<Buffer | undefined> {
  try {
    await using handle = await open(file, "r");
    return await checked(file, handle);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function checked(file: string, handle: FileHandle): Promise<Buffer> {
  const { mode, size } = await handle.stat();
  if ((mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    throw new StartRefused(`${file} has mode ${shown}: others can read it; make it 0600`);
  }
  if (size !== KEY_BYTES) {
    throw new StartRefused(`${file} has ${size} bytes, and a key has ${KEY_BYTES}: restore it`);
  }
  return handle.readFile();
}

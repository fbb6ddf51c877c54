/**
 * A file or a directory of a guest, to a local path. What is new appears under its name only when it
 * is complete; a directory that was there already is filled in place. What a guest sends reaches
 * nothing outside the target.
 */

import { randomBytes } from "node:crypto";
import { chmod, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

import type { CopyOut } from "../copy.ts";
import { systemCode } from "../errors.ts";
import type { HostApi } from "../host-api.ts";
import { AlcoveInputError } from "../input-error.ts";
import { type CopyEnds, type LocalCopyOptions, counted } from "./local-copy.ts";
import { unpackInto } from "./tar-unpack.ts";

const DEFAULT_FILE_MODE = 0o644;
const PERMISSION_BITS = 0o777;

/** As `cp -r`: an existing directory receives the copy under its name. @throws AlcoveInputError for a target that cannot be one */
export async function download(
  api: HostApi,
  ends: CopyEnds,
  options: LocalCopyOptions,
  signal: AbortSignal,
): Promise<void> {
  const { mode = "any", exclude = [] } = options;
  const copy = await api.copyOut(ends.hostname, { path: ends.guest, mode, exclude }, signal);
  const content = counted(copy.content, options.onBytes);
  const name = copy.name ?? path.posix.basename(ends.guest);
  const target = await targetFor(ends.local, name);
  if (copy.mode === "tar") await intoDirectory(content, target, options, signal);
  else await intoFile({ ...copy, content }, target, options, signal);
}

interface Target {
  readonly path: string;
  readonly kind: "new" | "file" | "directory";
}

async function targetFor(given: string, name: string): Promise<Target> {
  const kind = await kindOf(given);
  if (kind === "directory" && name !== "" && name !== "~") {
    const inside = path.join(given, name);
    return { path: inside, kind: await kindOf(inside) };
  }
  if (kind !== "directory" && given.endsWith("/")) {
    throw new AlcoveInputError(`${given} is not a directory`);
  }
  return { path: given, kind };
}

async function kindOf(file: string): Promise<Target["kind"]> {
  const stats = await stat(file).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (!stats) return "new";
  return stats.isDirectory() ? "directory" : "file";
}

async function intoDirectory(
  content: AsyncIterable<Uint8Array>,
  target: Target,
  { exclude = [], onSkip = () => undefined, permissions }: LocalCopyOptions,
  signal: AbortSignal,
): Promise<void> {
  if (target.kind === "file") throw new AlcoveInputError(`${target.path} exists and is a file`);
  const options = { exclude, fileMode: octal(permissions), onSkip };
  if (target.kind === "directory") {
    return await unpackInto(target.path, content, options, signal);
  }
  const temporary = temporaryBeside(target.path);
  try {
    await unpackInto(temporary, content, options, signal);
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function intoFile(
  { content, permissions = DEFAULT_FILE_MODE }: CopyOut,
  target: Target,
  options: LocalCopyOptions,
  signal: AbortSignal,
): Promise<void> {
  if (target.kind === "directory") {
    throw new AlcoveInputError(`${target.path} exists and is a directory`);
  }
  const temporary = temporaryBeside(target.path);
  const asked = octal(options.permissions);
  try {
    await writeNew(temporary, content, asked ?? permissions & PERMISSION_BITS, signal);
    if (asked !== undefined) await chmod(temporary, asked); // whatever this user's umask is
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeNew(
  target: string,
  content: AsyncIterable<Uint8Array>,
  mode: number,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(target, "wx", mode);
  try {
    for await (const chunk of content) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
    }
  } finally {
    await file.close(); // handles of Node 18 are not disposable yet
  }
}

function temporaryBeside(file: string): string {
  return path.join(path.dirname(file), `.alcove-${randomBytes(8).toString("hex")}`);
}

function octal(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : parseInt(digits, 8) & PERMISSION_BITS;
}

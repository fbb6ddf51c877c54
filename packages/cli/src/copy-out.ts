/**
 * A file or a directory of a VM, to a local path or to standard output. What is new appears under
 * its name only when it is complete; a directory that was there already is filled in place.
 */

import { randomBytes } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

import { type CopyOut, type CopyOutOptions, unpackInto } from "@alcove/sdk";

import type { GuestEnd, LocalEnd, StreamEnd } from "./copy-end.ts";
import { type CopyJob, counted } from "./copy-flags.ts";
import { UsageError } from "./failure.ts";
import { writeOut } from "./write-out.ts";

const DEFAULT_FILE_MODE = 0o644;
const PERMISSION_BITS = 0o777;

export async function copyOutOfVm(
  job: CopyJob,
  from: GuestEnd,
  to: LocalEnd | StreamEnd,
): Promise<void> {
  const { client, flags, signal } = job;
  const mode: CopyOutOptions["mode"] = flags.mode ?? (to.kind === "stream" ? "binary" : "any");
  const options = { path: from.path, mode, exclude: flags.exclude ?? [] };
  const copy = await client.copyOut(from.hostname, options, signal);
  const content = counted(copy.content, job.onBytes);
  if (to.kind === "stream") return await toStandardOutput(content, signal);
  const name = copy.name ?? path.posix.basename(from.path);
  const target = await targetFor(to.path, name);
  if (copy.mode === "tar") await intoDirectory(job, content, target);
  else await intoFile(job, content, target, copy);
}

interface Target {
  readonly path: string;
  readonly kind: "new" | "file" | "directory";
}

/** As cp has it: an existing directory receives the copy under its name. */
async function targetFor(given: string, name: string): Promise<Target> {
  const kind = await kindOf(given);
  if (kind === "directory" && name !== "" && name !== "~") {
    const inside = path.join(given, name);
    return { path: inside, kind: await kindOf(inside) };
  }
  if (kind !== "directory" && given.endsWith("/")) {
    throw new UsageError(`${given} is not a directory`);
  }
  return { path: given, kind };
}

async function kindOf(file: string): Promise<Target["kind"]> {
  const stats = await stat(file).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!stats) return "new";
  return stats.isDirectory() ? "directory" : "file";
}

async function intoDirectory(
  { flags, signal, onSkip }: CopyJob,
  content: AsyncIterable<Uint8Array>,
  target: Target,
): Promise<void> {
  if (target.kind === "file") throw new UsageError(`${target.path} exists and is a file`);
  const options = { exclude: flags.exclude ?? [], fileMode: octal(flags.permissions), onSkip };
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
  { flags, signal }: CopyJob,
  content: AsyncIterable<Uint8Array>,
  target: Target,
  { permissions = DEFAULT_FILE_MODE }: CopyOut,
): Promise<void> {
  if (target.kind === "directory") throw new UsageError(`${target.path} exists and is a directory`);
  const temporary = temporaryBeside(target.path);
  const mode = octal(flags.permissions);
  try {
    await using file = await open(temporary, "wx", permissions & PERMISSION_BITS);
    for await (const chunk of content) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
    }
    if (mode !== undefined) await file.chmod(mode);
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function toStandardOutput(
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  for await (const chunk of content) await writeOut(process.stdout, chunk, signal);
}

function temporaryBeside(file: string): string {
  return path.join(path.dirname(file), `.alcove-${randomBytes(8).toString("hex")}`);
}

function octal(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : parseInt(digits, 8) & PERMISSION_BITS;
}

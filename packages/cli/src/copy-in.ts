/** A local file, a local directory or standard input, into a VM. */

import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";

import { type CopyInOptions, packDirectory, packedBytes } from "@alcove/sdk";

import type { GuestEnd, LocalEnd, StreamEnd } from "./copy-end.ts";
import { type CopyFlags, type CopyJob, counted } from "./copy-flags.ts";
import { UsageError } from "./failure.ts";
import { ignoredIn } from "./ignore-files.ts";

const READ_BYTES = 256 * 1024;

export async function copyIntoVm(
  job: CopyJob,
  from: LocalEnd | StreamEnd,
  to: GuestEnd,
): Promise<void> {
  if (from.kind === "stream") {
    const options = { ...ownership(job.flags), path: to.path, mode: job.flags.mode ?? "binary" };
    return await send(job, to, options, process.stdin);
  }
  const stats = await statOf(from.path);
  if (stats.isDirectory()) return await sendDirectory(job, from.path, to);
  if (job.flags.mode === "tar") {
    throw new UsageError(`${from.path} is not a directory: --mode tar copies directories`);
  }
  await using file = await open(from.path);
  const options: CopyInOptions = {
    // A script that could be run stays one.
    permissions: `0${(stats.mode & 0o777).toString(8)}`,
    ...ownership(job.flags),
    path: to.path,
    mode: "binary",
    sourceName: path.basename(path.resolve(from.path)),
  };
  const content = file.createReadStream({ highWaterMark: READ_BYTES, autoClose: false });
  await send(job, to, options, content);
}

async function sendDirectory(job: CopyJob, directory: string, to: GuestEnd): Promise<void> {
  if (job.flags.mode === "binary") {
    throw new UsageError(`${directory} is a directory: --mode binary copies one file`);
  }
  const { flags, signal, onSkip } = job;
  const ignored = flags.ignoreFiles === false ? [] : await ignoredIn(directory);
  const exclude = [...(flags.exclude ?? []), ...ignored];
  const options: CopyInOptions = {
    ...ownership(flags),
    path: to.path,
    mode: "tar",
    exclude: flags.exclude ?? [],
    sourceName: path.basename(path.resolve(directory)),
    unpackedBytes: await packedBytes(directory, exclude, signal),
  };
  await send(job, to, options, packDirectory(directory, { exclude, onSkip }, signal));
}

async function send(
  { client, signal, onBytes }: CopyJob,
  to: GuestEnd,
  options: CopyInOptions,
  content: Readable,
): Promise<void> {
  const body = Readable.from(counted(content, onBytes), { objectMode: false });
  await client.copyIn(to.hostname, options, body, signal);
}

function ownership({ uid, gid, permissions }: CopyFlags): Partial<CopyInOptions> {
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(permissions === undefined ? {} : { permissions }),
  };
}

async function statOf(file: string): Promise<Stats> {
  try {
    return await stat(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The source cannot be read: ${why}`, { cause });
  }
}

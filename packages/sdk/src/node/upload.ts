/** A local file or directory, into a guest. */

import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import path from "node:path";

import type { CopyInOptions } from "../copy.ts";
import type { HostApi } from "../host-api.ts";
import { AlcoveInputError } from "../input-error.ts";
import { type CopyEnds, type LocalCopyOptions, counted } from "./local-copy.ts";
import { packDirectory, packedBytes } from "./tar-pack.ts";

const READ_BYTES = 256 * 1024;

/**
 * As `cp -r`: an existing directory of the guest receives the source under its name. Links and
 * special files are left out. @throws AlcoveInputError for a source that is not there, or of the other kind
 */
export async function upload(
  api: HostApi,
  ends: CopyEnds,
  options: LocalCopyOptions,
  signal: AbortSignal,
): Promise<void> {
  const stats = await statOf(ends.local);
  const kind = stats.isDirectory() ? "tar" : "binary";
  if (options.mode !== undefined && options.mode !== kind) {
    const is = stats.isDirectory() ? "a directory" : "not a directory";
    throw new AlcoveInputError(
      `${ends.local} is ${is}: mode ${options.mode} is for the other kind`,
    );
  }
  if (stats.isDirectory()) await sendDirectory(api, ends, options, signal);
  else await sendFile(api, ends, { ...modeOf(stats), ...options }, signal);
}

async function sendFile(
  api: HostApi,
  ends: CopyEnds,
  options: LocalCopyOptions,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(ends.local);
  try {
    const source = file.createReadStream({ highWaterMark: READ_BYTES, autoClose: false });
    const content: AsyncIterable<Uint8Array> = source;
    const target = { ...targetOf(ends, options), mode: "binary" } as const;
    await api.copyIn(ends.hostname, target, counted(content, options.onBytes), signal);
  } finally {
    await file.close(); // handles of Node 18 are not disposable yet
  }
}

async function sendDirectory(
  api: HostApi,
  ends: CopyEnds,
  options: LocalCopyOptions,
  signal: AbortSignal,
): Promise<void> {
  const { exclude = [], onSkip = () => undefined } = options;
  const target: CopyInOptions = {
    ...targetOf(ends, options),
    mode: "tar",
    unpackedBytes: await packedBytes(ends.local, exclude, signal),
  };
  const content: AsyncIterable<Uint8Array> = packDirectory(ends.local, { exclude, onSkip }, signal);
  await api.copyIn(ends.hostname, target, counted(content, options.onBytes), signal);
}

/** A script that could be run stays one. */
function modeOf({ mode }: Stats): Pick<LocalCopyOptions, "permissions"> {
  return { permissions: `0${(mode & 0o777).toString(8)}` };
}

function targetOf(ends: CopyEnds, { uid, gid, permissions }: LocalCopyOptions) {
  return {
    path: ends.guest,
    sourceName: path.basename(path.resolve(ends.local)),
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
    throw new AlcoveInputError(`The source cannot be read: ${why}`, { cause });
  }
}

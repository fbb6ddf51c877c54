/**
 * A local directory as a tar stream: regular files and directories, with their permission bits and
 * modification times, names relative to the directory itself, in order of name. Links and special
 * files are left out and reported, because no host unpacks them.
 */

import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";

import { type TarPackController, createTarPacker } from "modern-tar";

import { excluder } from "../exclude.ts";

export interface PackOptions {
  readonly exclude: readonly string[];
  /** told of each link or special file that is left out, by its relative path */
  readonly onSkip: (path: string) => void;
}

interface Entry {
  readonly absolute: string;
  /** with slashes, without a leading or trailing one */
  readonly relative: string;
  readonly kind: "file" | "directory";
  readonly sizeBytes: number;
  readonly mode: number;
  readonly mtime: Date;
}

const READ_BYTES = 256 * 1024;
const PERMISSION_BITS = 0o777;

/** The sum of the sizes of the files that a pack would hold, in bytes. */
export async function packedBytes(
  directory: string,
  exclude: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  const options = { exclude: excluder(exclude), onSkip: () => undefined };
  for await (const entry of walk(directory, "", options)) {
    signal.throwIfAborted();
    bytes += entry.sizeBytes;
  }
  return bytes;
}

/** The stream fails when a file cannot be read or changes its size while it is read. */
export function packDirectory(
  directory: string,
  { exclude, onSkip }: PackOptions,
  signal: AbortSignal,
): Readable {
  const { readable, controller } = createTarPacker();
  void pack(directory, { exclude: excluder(exclude), onSkip }, controller, signal).then(
    () => controller.finalize(),
    (error: unknown) => controller.error(error),
  );
  return Readable.fromWeb(readable);
}

interface WalkOptions {
  readonly exclude: (path: string) => boolean;
  readonly onSkip: (path: string) => void;
}

async function pack(
  directory: string,
  options: WalkOptions,
  controller: TarPackController,
  signal: AbortSignal,
): Promise<void> {
  for await (const entry of walk(directory, "", options)) {
    signal.throwIfAborted();
    if (entry.kind === "directory") await addDirectory(entry, controller);
    else await addFile(entry, controller);
  }
}

async function addDirectory(entry: Entry, controller: TarPackController): Promise<void> {
  const { relative, mode, mtime } = entry;
  const header = { name: `${relative}/`, size: 0, type: "directory", mode, mtime } as const;
  await controller.add(header).close();
}

async function addFile(entry: Entry, controller: TarPackController): Promise<void> {
  // Opened before the header is written: its size must be that of what will be read.
  const file = await open(entry.absolute, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    const { relative: name, mode, mtime } = entry;
    const writer = controller.add({ name, size, type: "file", mode, mtime }).getWriter();
    for await (const chunk of contentOf(file, size)) await writer.write(chunk);
    await writer.close();
  } finally {
    await file.close(); // handles of Node 18 are not disposable yet
  }
}

async function* contentOf(file: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0;) {
    // The packer keeps what it is given until it is read, so each chunk is its own.
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, left));
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    if (bytesRead === 0) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* walk(root: string, below: string, options: WalkOptions): AsyncGenerator<Entry> {
  const names = await readdir(path.join(root, below));
  names.sort();
  for (const name of names) {
    const relative = below === "" ? name : `${below}/${name}`;
    if (options.exclude(relative)) continue;
    const absolute = path.join(root, relative);
    const stats = await lstat(absolute);
    const common = { absolute, relative, mode: stats.mode & PERMISSION_BITS, mtime: stats.mtime };
    if (stats.isDirectory()) {
      yield { ...common, kind: "directory", sizeBytes: 0 };
      yield* walk(root, relative, options);
    } else if (stats.isFile()) {
      yield { ...common, kind: "file", sizeBytes: stats.size };
    } else {
      options.onSkip(relative);
    }
  }
}

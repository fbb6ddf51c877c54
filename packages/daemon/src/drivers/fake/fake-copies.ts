/** Copies into and out of a fake guest, with the placement rules of the guest protocol. */

import path from "node:path";

import type {
  GuestCopied,
  GuestCopyIn,
  GuestCopyOut,
  GuestSource,
} from "#core/ports/guest-link.ts";

import { absolute, type FakeEntry, type FakeFiles } from "./fake-files.ts";
import { readTar, type TarEntry, writeTar } from "./fake-tar.ts";
import { refusal } from "./refusal.ts";

const EMPTY = Buffer.alloc(0);

const DIRECTORY_MODE = 0o755;

export async function copyIn(
  files: FakeFiles,
  request: GuestCopyIn,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<GuestCopied> {
  const target = request.format === "file" ? fileTarget(files, request) : tarTarget(files, request);
  const bytes = await collected(content, files.capacityBytes, signal);
  if (request.format === "tar") return unpack(files, target, readTar(bytes), request.mode);
  files.write(target, bytes, request.mode);
  return { path: target, bytes: bytes.length, files: 1, directories: 0, skipped: 0 };
}

export function copyOut(files: FakeFiles, request: GuestCopyOut): GuestSource {
  const source = absolute(request.path);
  const entry = files.find(source);
  if (!entry) throw refusal("not_found", `${request.path} does not exist`);
  const name = path.posix.basename(source);
  const mode = entry.mode;
  if (entry.kind === "file" && request.format !== "tar") {
    const { content } = entry;
    return sourceOf({ type: "file", name, sizeBytes: content.length, mode }, content);
  }
  if (request.format === "file") throw refusal("is_directory", `${request.path} is a directory`);
  const archived: readonly TarEntry[] =
    entry.kind === "file"
      ? [tarEntry(name, entry)]
      : files.below(source).map(([below, found]) => tarEntry(below, found));
  const kept = archived.filter((one) => !request.exclude.some((glob) => excludes(glob, one.name)));
  const type = entry.kind;
  const sizeBytes = entry.kind === "file" ? entry.content.length : undefined;
  return sourceOf({ type, name, sizeBytes, mode }, writeTar(kept));
}

function fileTarget(files: FakeFiles, { path: wanted, placement }: GuestCopyIn): string {
  const target = absolute(wanted);
  const isDirectory = files.find(target)?.kind === "directory";
  if (placement.kind === "cp") {
    if (isDirectory) return path.posix.join(target, path.posix.basename(placement.sourceName));
    if (wanted.endsWith("/")) throw refusal("not_found", `${wanted} does not exist`);
  }
  if (isDirectory) throw refusal("is_directory", `${wanted} is a directory`);
  return target;
}

function tarTarget(files: FakeFiles, { path: wanted, placement }: GuestCopyIn): string {
  const target = absolute(wanted);
  const found = files.find(target);
  if (found?.kind === "file") throw refusal("not_directory", `${wanted} is not a directory`);
  if (placement.kind === "cp" && !placement.contents && found) {
    return path.posix.join(target, path.posix.basename(placement.sourceName));
  }
  return target;
}

function unpack(
  files: FakeFiles,
  target: string,
  entries: readonly TarEntry[],
  mode: number | undefined,
): GuestCopied {
  const count = { bytes: 0, files: 0, directories: 0, skipped: 0 };
  files.makeDirectory(target);
  for (const entry of entries) {
    const name = path.posix.join(target, entry.name);
    if (entry.kind === "other") {
      count.skipped += 1;
    } else if (entry.kind === "directory") {
      files.makeDirectory(name);
      count.directories += 1;
    } else {
      files.write(name, Buffer.from(entry.content), mode ?? entry.mode);
      count.files += 1;
      count.bytes += entry.content.length;
    }
  }
  return { path: target, ...count };
}

async function collected(
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    signal.throwIfAborted();
    size += chunk.length;
    if (size > maxBytes) throw refusal("no_space", "A fake guest holds no more than its memory");
    chunks.push(Uint8Array.from(chunk));
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

function tarEntry(name: string, entry: FakeEntry): TarEntry {
  const { kind, mode } = entry;
  if (kind === "file") return { name, kind, mode, content: entry.content };
  return { name, kind: "directory", mode: DIRECTORY_MODE, content: EMPTY };
}

function sourceOf(
  about: Pick<GuestSource, "type" | "name" | "sizeBytes" | "mode">,
  content: Buffer,
): GuestSource {
  let cancelled = false;
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const PIECE_BYTES = 64 * 1024;
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      if (cancelled) throw refusal("cancelled", "The copy was cancelled");
      yield Uint8Array.from(content.subarray(at, at + PIECE_BYTES));
    }
  }
  return {
    ...about,
    content: pieces(),
    cancel: () => {
      cancelled = true;
    },
  };
}

/** A pattern without a slash is for base names, at any depth. */
function excludes(glob: string, name: string): boolean {
  const subject = glob.includes("/") ? name : path.posix.basename(name);
  return path.posix.matchesGlob(subject, glob);
}

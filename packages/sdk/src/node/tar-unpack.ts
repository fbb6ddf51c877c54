/**
 * A tar stream into a local directory. The stream comes from a guest and is not trusted: only regular
 * files and directories are made, every name must stay inside, no link is followed, set-id bits are
 * dropped, and links and special files are left out and reported. A file appears under its name
 * only when it is complete.
 */

import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, rename, rm, utimes, chmod } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";

import { type ParsedTarEntry, type TarHeader, createTarDecoder } from "modern-tar";

import { AlcoveProtocolError, systemCode } from "../errors.ts";
import { excluder } from "../exclude.ts";

export interface UnpackOptions {
  readonly exclude: readonly string[];
  /** permission bits of every file; `undefined` keeps the archive's */
  readonly fileMode: number | undefined;
  /** told of each link or special file that is left out, by its name in the archive */
  readonly onSkip: (name: string) => void;
}

/** More entries than any honest copy holds: what is kept per directory must end somewhere. */
const ENTRY_LIMIT = 2_000_000;
const DEPTH_LIMIT = 256;
const PERMISSION_BITS = 0o777;
const DEFAULT_FILE_MODE = 0o644;
const DEFAULT_DIRECTORY_MODE = 0o755;

/**
 * @param directory existing or to be made; its own mode and time are left alone
 * @throws AlcoveProtocolError for an archive that is malformed or reaches outside
 */
export async function unpackInto(
  directory: string,
  content: AsyncIterable<Uint8Array>,
  options: UnpackOptions,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const target = new Target(directory, options.fileMode);
  const excluded = excluder(options.exclude);
  const entries = Readable.toWeb(Readable.from(content)).pipeThrough(
    createTarDecoder({ strict: true }),
  );
  let count = 0;
  for await (const entry of entries) {
    signal.throwIfAborted();
    count += 1;
    if (count > ENTRY_LIMIT) throw new AlcoveProtocolError(`More than ${ENTRY_LIMIT} entries`);
    const segments = segmentsOf(entry.header.name);
    if (segments.length === 0 || excludedAt(segments, excluded)) await entry.body.cancel();
    else await place(entry, segments, target, options);
  }
  await target.finish();
}

async function place(
  entry: ParsedTarEntry,
  segments: readonly string[],
  target: Target,
  { onSkip }: UnpackOptions,
): Promise<void> {
  const { type } = entry.header;
  if (type === "file" || type === undefined) {
    await target.addFile(segments, entry.header, entry.body);
    return;
  }
  await entry.body.cancel();
  if (type === "directory") await target.addDirectory(segments, entry.header);
  else onSkip(entry.header.name);
}

/** The directory being filled. */
class Target {
  readonly #root: string;
  readonly #fileMode: number | undefined;
  /** directories known to be real ones, by absolute path */
  readonly #known = new Set<string>();
  /** what directories get once nothing is written into them any more */
  readonly #later: { readonly file: string; readonly mode: number; readonly mtime: Date }[] = [];

  constructor(root: string, fileMode: number | undefined) {
    this.#root = root;
    this.#fileMode = fileMode;
  }

  async addDirectory(segments: readonly string[], header: TarHeader): Promise<void> {
    const file = await this.#ensure(segments);
    const mode = (header.mode ?? DEFAULT_DIRECTORY_MODE) & PERMISSION_BITS;
    this.#later.push({ file, mode, mtime: header.mtime ?? new Date() });
  }

  async addFile(
    segments: readonly string[],
    header: TarHeader,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const parent = await this.#ensure(segments.slice(0, -1));
    const temporary = path.join(parent, `.alcove-${randomBytes(8).toString("hex")}`);
    try {
      await this.#write(temporary, header, body);
      await rename(temporary, path.join(parent, segments.at(-1) ?? ""));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Modes and times of directories, deepest first: a parent may become read-only. */
  async finish(): Promise<void> {
    this.#later.reverse();
    for (const { file, mode, mtime } of this.#later) {
      await chmod(file, mode);
      await utimes(file, mtime, mtime);
    }
  }

  async #write(file: string, header: TarHeader, body: AsyncIterable<Uint8Array>): Promise<void> {
    const handle = await open(file, "wx", 0o600);
    try {
      for await (const chunk of body) await handle.writeFile(chunk);
      await handle.chmod(this.#fileMode ?? (header.mode ?? DEFAULT_FILE_MODE) & PERMISSION_BITS);
      const mtime = header.mtime ?? new Date();
      await handle.utimes(mtime, mtime);
    } finally {
      await handle.close(); // handles of Node 18 are not disposable yet
    }
  }

  async #ensure(segments: readonly string[]): Promise<string> {
    let current = this.#root;
    for (const segment of segments) {
      current = path.join(current, segment);
      if (this.#known.has(current)) continue;
      await ensureRealDirectory(current);
      this.#known.add(current);
    }
    return current;
  }
}

async function ensureRealDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    if ((await lstat(directory)).isDirectory()) return;
    throw new AlcoveProtocolError(`The copy would go through ${directory}, which is no directory`);
  }
}

/** @returns no segments for the archive's own root */
function segmentsOf(name: string): readonly string[] {
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (name.startsWith("/") || segments.includes("..") || name.includes("\0")) {
    throw new AlcoveProtocolError(
      `The archive reaches outside its directory: ${JSON.stringify(name)}`,
    );
  }
  if (segments.length <= DEPTH_LIMIT) return segments;
  throw new AlcoveProtocolError(`The archive is deeper than ${DEPTH_LIMIT} directories`);
}

function excludedAt(segments: readonly string[], excluded: (path: string) => boolean): boolean {
  return segments.some((_, index) => excluded(segments.slice(0, index + 1).join("/")));
}

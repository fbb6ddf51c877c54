/** The files of a fake guest: a bounded map from absolute paths to content. */

import path from "node:path";

import { Announcer } from "#lib/announcer.ts";
import { MIB } from "#lib/bytes.ts";

import { refusal } from "./refusal.ts";

/** what all files of one guest may hold together */
const MAX_CONTENT_BYTES = 64 * MIB;

const HOME = "/root";

export type FakeEntry = FakeFile | FakeDirectory;

interface FakeFile {
  readonly kind: "file";
  readonly mode: number;
  readonly modifiedAtMs: number;
  readonly content: Buffer;
}

interface FakeDirectory {
  readonly kind: "directory";
  readonly mode: number;
  readonly modifiedAtMs: number;
}

const DIRECTORY_MODE = 0o755;

export interface FakeChange {
  readonly type: "create" | "write" | "remove";
  readonly name: string;
}

export class FakeFiles {
  readonly changes = new Announcer<FakeChange>();
  readonly #entries = new Map<string, FakeEntry>(
    ["/", "/etc", "/root", "/tmp", "/var"].map((name) => [name, newDirectory(DIRECTORY_MODE)]),
  );
  #contentBytes = 0;

  /** The same files, which change apart from now on; content is never changed in place. */
  copy(): FakeFiles {
    const files = new FakeFiles();
    files.#entries.clear();
    for (const [name, entry] of this.#entries) files.#entries.set(name, entry);
    files.#contentBytes = this.#contentBytes;
    return files;
  }

  get usedBytes(): number {
    return this.#contentBytes;
  }

  readonly capacityBytes = MAX_CONTENT_BYTES;

  find(name: string): FakeEntry | undefined {
    return this.#entries.get(name);
  }

  /** Puts a file, making its parents; an existing file keeps its mode unless one is given. */
  write(name: string, content: Buffer, mode: number | undefined): void {
    const before = this.#entries.get(name);
    if (before?.kind === "directory") throw refusal("is_directory", `${name} is a directory`);
    const freed = before?.content.length ?? 0;
    if (this.#contentBytes - freed + content.length > MAX_CONTENT_BYTES) {
      throw refusal("no_space", `No space left for ${name}`);
    }
    this.makeDirectory(path.posix.dirname(name));
    this.#contentBytes += content.length - freed;
    const bits = mode ?? before?.mode ?? 0o644;
    this.#entries.set(name, { kind: "file", mode: bits, modifiedAtMs: Date.now(), content });
    if (!before) this.changes.announce({ type: "create", name });
    this.changes.announce({ type: "write", name });
  }

  /** Makes a directory and its parents (mode 0755); one that is there stays as it is. */
  makeDirectory(name: string, mode = DIRECTORY_MODE): void {
    const entry = this.#entries.get(name);
    if (entry?.kind === "file") throw refusal("not_directory", `${name} is not a directory`);
    if (entry) return;
    this.makeDirectory(path.posix.dirname(name));
    this.#entries.set(name, newDirectory(mode));
    this.changes.announce({ type: "create", name });
  }

  /** Takes away a file, or a directory and all that is below it. */
  remove(name: string): void {
    for (const [below] of this.below(name)) this.#forget(path.posix.join(name, below));
    this.#forget(name);
  }

  /** What is below a directory, parents before children, by names relative to it. */
  below(directory: string): readonly (readonly [name: string, entry: FakeEntry])[] {
    const prefix = directory === "/" ? "/" : `${directory}/`;
    return [...this.#entries]
      .filter(([name]) => name.startsWith(prefix) && name !== prefix)
      .map(([name, entry]) => [name.slice(prefix.length), entry] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #forget(name: string): void {
    const entry = this.#entries.get(name);
    if (entry?.kind === "file") this.#contentBytes -= entry.content.length;
    this.#entries.delete(name);
    this.changes.announce({ type: "remove", name });
  }
}

function newDirectory(mode: number): FakeDirectory {
  return { kind: "directory", mode, modifiedAtMs: Date.now() };
}

/** `~` is root's home, and relative paths begin there. */
export function absolute(name: string): string {
  const inHome = name === "~" || name.startsWith("~/") ? `.${name.slice(1)}` : name;
  return path.posix.resolve(HOME, inHome);
}

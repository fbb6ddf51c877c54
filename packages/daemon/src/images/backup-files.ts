/**
 * Backups as files: `<id>.tar`, `<id>.tar.sha256` and `<id>.tar.meta.json`; the tar comes last and says that all is there.
 *
 * Overlays were written by hypervisors that guests may have taken over. What an overlay says of other files
 * is never believed: it is told what it stands on, and one that wants more is refused.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import path from "node:path";

import { type ItemHash, parseItemHash } from "#core/aleph/item-hash.ts";
import type {
  BackupStore,
  BackupWork,
  IncomingDisk,
  ReadyDisk,
  SourceDisk,
  StoredBackup,
} from "#core/aleph/ports/backup-store.ts";
import { run } from "#process/run.ts";

import { copyDisk, packedDisk, virtualBytes } from "./backup-disks.ts";
import { takeInDisk } from "./backup-restore.ts";

const TAR = ".tar";
const MAKING = ".making-";

export class BackupFiles implements BackupStore {
  readonly #directory: string;

  /** Removes what a daemon that died was about to make. */
  static async open(directory: string): Promise<BackupFiles> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = await readdir(directory);
    const tars = new Set(names.filter((name) => name.endsWith(TAR)));
    for (const name of names) {
      const tar = /^(.*\.tar)\.(?:part|sha256|meta\.json)$/.exec(name)?.[1];
      const isHalf = tar !== undefined && (name.endsWith(".part") || !tars.has(tar));
      if (isHalf || name.startsWith(MAKING))
        await rm(path.join(directory, name), { recursive: true, force: true });
    }
    return new BackupFiles(directory);
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  async list(): Promise<readonly StoredBackup[]> {
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith(TAR));
    const found = await Promise.all(names.map((name) => this.#describe(name)));
    return found
      .filter((backup) => backup !== undefined)
      .toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
  }

  async make(work: BackupWork, signal: AbortSignal): Promise<void> {
    const scratch = path.join(this.#directory, `${MAKING}${work.id}`);
    const tar = this.#tarPath(work.id);
    await mkdir(scratch, { mode: 0o700 });
    await using undo = new AsyncDisposableStack();
    undo.defer(() => rm(scratch, { recursive: true, force: true }));
    undo.defer(() => rm(`${tar}.part`, { force: true }));
    const sourceSizes = await packDisks(work, scratch, signal);
    const names = Object.keys(sourceSizes);
    await gently("tar", ["-cf", `${tar}.part`, "-C", scratch, "--", ...names], signal);
    const sha256 = await digestOf(`${tar}.part`, signal);
    const meta = { vm_hash: work.vmHash, created_at: work.createdAt, source_sizes: sourceSizes };
    await writeFile(`${tar}.meta.json`, JSON.stringify(meta), { mode: 0o600 });
    await writeFile(`${tar}.sha256`, `${sha256}  ${path.basename(tar)}\n`, { mode: 0o600 });
    await rename(`${tar}.part`, tar);
  }

  /** Opens nothing before it is read. */
  async *read(id: string): AsyncGenerator<Uint8Array, undefined> {
    yield* createReadStream(this.#tarPath(id));
    return undefined;
  }

  async remove(id: string): Promise<void> {
    const tar = this.#tarPath(id);
    for (const file of [tar, `${tar}.sha256`, `${tar}.meta.json`]) await rm(file, { force: true });
  }

  /** What is copied and packed has at most the size of what it is made of, and is there twice for a while. */
  async room(disks: readonly SourceDisk[]) {
    const files = disks.flatMap((disk) => [
      disk.path,
      ...(disk.backing ? [disk.backing.path] : []),
    ]);
    const taken = await Promise.all(files.map(allocatedBytes));
    const { bavail, bsize } = await statfs(this.#directory);
    const neededBytes = 2 * taken.reduce((sum, bytes) => sum + bytes, 0);
    return { neededBytes, freeBytes: bavail * bsize };
  }

  takeIn(incoming: IncomingDisk, signal: AbortSignal): Promise<ReadyDisk> {
    return takeInDisk(incoming, signal);
  }

  /** @returns `undefined` for what was not made here, or is removed meanwhile */
  async #describe(name: string): Promise<StoredBackup | undefined> {
    const tar = path.join(this.#directory, name);
    try {
      const [{ size }, digest, text] = await Promise.all([
        stat(tar),
        readFile(`${tar}.sha256`, "utf8"),
        readFile(`${tar}.meta.json`, "utf8"),
      ]);
      const meta = metaFrom(text);
      if (!meta) return undefined;
      return {
        id: name.slice(0, -TAR.length),
        sizeBytes: size,
        sha256: digest.slice(0, 64),
        ...meta,
      };
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  #tarPath(id: string): string {
    return path.join(this.#directory, `${id}${TAR}`);
  }
}

/** Disks are copied while the VM holds still, and packed when it goes on. */
async function packDisks(
  { disks, hold }: BackupWork,
  scratch: string,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const copyOf = (disk: SourceDisk) => path.join(scratch, `${disk.name}.copy`);
  {
    await using _still = await hold(signal);
    for (const disk of disks) await copyDisk(disk.path, copyOf(disk), signal);
  }
  const sizes: Record<string, number> = {};
  for (const disk of disks) {
    const copied = { ...disk, path: copyOf(disk) };
    sizes[disk.name] = await virtualBytes(copied);
    await packedDisk(copied, path.join(scratch, disk.name), signal);
    await rm(copied.path);
  }
  return sizes;
}

/** Guests' processors go before it. */
async function gently(file: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  await run({ file: "nice", args: ["-n", "10", file, ...args] }, signal);
}

async function digestOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file, { signal })) hash.update(piece);
  return hash.digest("hex");
}

async function allocatedBytes(file: string): Promise<number> {
  const { blocks } = await stat(file);
  return blocks * 512;
}

interface Meta {
  readonly vmHash: ItemHash;
  readonly createdAt: Date;
  readonly sourceSizes: Readonly<Record<string, number>>;
}

function metaFrom(text: string): Meta | undefined {
  const members = new Map<string, unknown>(Object.entries(Object(JSON.parse(text))));
  const vmHash = parseItemHash(String(members.get("vm_hash")));
  const createdAt = new Date(String(members.get("created_at")));
  if (vmHash === undefined || Number.isNaN(createdAt.getTime())) return undefined;
  const sizes = Object.entries(Object(members.get("source_sizes"))).map(
    ([name, bytes]) => [name, Number(bytes)] as const,
  );
  return { vmHash, createdAt, sourceSizes: Object.fromEntries(sizes) };
}

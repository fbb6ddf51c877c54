/**
 * Putting a new overlay on top of a running machine's disk.
 *
 * Until the one command that switches over, nothing is changed but what can be taken back. QEMU writes
 * out what it held back. Then it gives up its right to write to the file below, on which others are going
 * to stand: were it taken over by its guest later, it could not reach them through it.
 */

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";

import type { DiskPlan, Layering } from "#core/ports/machine.ts";

import { type BlockNode, layer } from "./disk-nodes.ts";
import { diskDevice } from "./argv.ts";
import { type Qmp, queryRunning } from "./qmp.ts";

/** how long QEMU may take to put away what was not used, in `ms` */
const UNDO_TIMEOUT_MS = 10_000;

export class QemuLayering implements Layering {
  readonly #qmp: Qmp;
  /** what QEMU does not need any more, and closes only while the machine runs */
  #unneeded: readonly GivenFile[] = [];

  readonly #pid: number;

  constructor(qmp: Qmp, pid: number) {
    this.#qmp = qmp;
    this.#pid = pid;
  }

  async addLayer(disk: DiskPlan, signal: AbortSignal): Promise<void> {
    const unneeded = await addLayer({ qmp: this.#qmp, pid: this.#pid }, disk, signal);
    this.#unneeded = [...this.#unneeded, ...unneeded];
  }

  /** To be called when the machine runs again. Never rejects. */
  async resumed(): Promise<void> {
    const unneeded = this.#unneeded;
    this.#unneeded = [];
    const deadline = AbortSignal.timeout(UNDO_TIMEOUT_MS);
    for (const { set, fd } of unneeded) {
      await this.#qmp
        .execute("remove-fd", { "fdset-id": set, fd }, deadline)
        .catch(() => undefined); // closed already, or QEMU has ended: that shows in the machine
    }
  }
}

/** @returns the descriptors that may still write to the file below */
async function addLayer(
  { qmp, pid }: { readonly qmp: Qmp; readonly pid: number },
  disk: DiskPlan,
  signal: AbortSignal,
): Promise<readonly GivenFile[]> {
  signal.throwIfAborted();
  if (await queryRunning(qmp, signal)) {
    throw new Error("invariant: only the disk of a paused machine gets a layer");
  }
  const below = await writtenNode(qmp, disk.id, signal);
  await mustStandOn(disk, await descriptorsIn(qmp, setOf(below), signal), pid);
  await using undo = new AsyncDisposableStack();
  const takeBack = (command: string, args: BlockNode) =>
    undo.defer(async () => {
      await qmp.execute(command, args, AbortSignal.timeout(UNDO_TIMEOUT_MS)).catch(() => undefined); // QEMU has ended: that shows in the machine, and why we are here is thrown
    });
  const { set } = await giveFile(qmp, { path: disk.path, access: "read-write" }, signal);
  takeBack("remove-fd", { "fdset-id": set });
  const reading = await giveReading(qmp, disk, below, signal);
  takeBack("remove-fd", { "fdset-id": reading.set, fd: reading.fd });
  const id = `${disk.id}-${randomBytes(4).toString("hex")}`;
  const { format, readOnly } = disk;
  const file = `/dev/fdset/${set}`;
  for (const added of layer({ id, format, readOnly, file, below: undefined })) {
    await qmp.execute("blockdev-add", added, signal);
    takeBack("blockdev-del", { "node-name": added["node-name"] });
  }
  await qmp.execute("blockdev-snapshot", { node: below.node, overlay: id }, signal);
  undo.move();
  return onlyRead(qmp, below, reading);
}

/** A descriptor in one of QEMU's sets. */
interface GivenFile {
  readonly set: number;
  /** its number in QEMU */
  readonly fd: number;
}

interface FileToGive {
  readonly path: string;
  readonly access: "read" | "read-write";
  /** the set to add it to; a new one when absent */
  readonly set?: number;
}

async function giveFile(
  qmp: Qmp,
  { path, access, set }: FileToGive,
  signal: AbortSignal,
): Promise<GivenFile> {
  await using file = await open(path, access === "read" ? constants.O_RDONLY : constants.O_RDWR);
  const args = set === undefined ? {} : { "fdset-id": set };
  const answer = await qmp.executeWith(file, { command: "add-fd", args }, signal);
  const { "fdset-id": given, fd } = objectsIn([answer])[0] ?? {};
  if (typeof given === "number" && typeof fd === "number") return { set: given, fd };
  throw new Error("QEMU did not say what became of a file that it was given");
}

/** The file that is written to, once more, for reading only. */
async function giveReading(
  qmp: Qmp,
  { backing }: DiskPlan,
  below: WrittenNode,
  signal: AbortSignal,
): Promise<GivenFile> {
  if (!backing) throw new Error("invariant: a layer goes on top of a file");
  return giveFile(qmp, { path: backing.path, access: "read", set: setOf(below) }, signal);
}

/**
 * A daemon that died between putting a layer on record and adding it leaves a machine that writes to the layer itself.
 * Nobody may stand on that, and its record's file must not take the place of the one that it has.
 */
async function mustStandOn(
  { backing }: DiskPlan,
  written: readonly GivenFile[],
  pid: number,
): Promise<void> {
  const wanted = backing && (await stat(backing.path, { bigint: true }));
  for (const { fd } of written) {
    const { dev, ino } = await stat(`/proc/${pid}/fd/${fd}`, { bigint: true });
    if (dev === wanted?.dev && ino === wanted.ino) continue;
    const why = "its machine writes to another file than the one on record";
    throw new Error(`${why}: suspend and restore it, or start it again`);
  }
}

/** @returns the number of the set that a file is in */
function setOf({ file }: WrittenNode): number {
  const set = /^\/dev\/fdset\/(\d+)$/.exec(file)?.[1];
  if (set === undefined) throw new Error("invariant: a layer goes on top of a file of ours");
  return Number(set);
}

/** Never rejects: that the machine has its layer does not depend on it. @returns what may be closed then */
async function onlyRead(
  qmp: Qmp,
  below: WrittenNode,
  { set, fd }: GivenFile,
): Promise<readonly GivenFile[]> {
  const deadline = AbortSignal.timeout(UNDO_TIMEOUT_MS);
  const { node, file: filename } = below;
  const storage = { driver: "file", "node-name": `${node}-file`, filename, "read-only": true };
  try {
    await qmp.execute("blockdev-reopen", { options: [storage] }, deadline);
    const all = await descriptorsIn(qmp, set, deadline);
    return all.filter((one) => one.fd !== fd);
  } catch {
    return []; // it has ended, or keeps a right that it does not use
  }
}

async function descriptorsIn(
  qmp: Qmp,
  set: number,
  signal: AbortSignal,
): Promise<readonly GivenFile[]> {
  const sets = objectsIn(await qmp.execute("query-fdsets", {}, signal));
  const found = sets.find((one) => one["fdset-id"] === set);
  return objectsIn(found?.["fds"]).flatMap(({ fd }) => (typeof fd === "number" ? { set, fd } : []));
}

interface WrittenNode {
  readonly node: string;
  /** as QEMU finds it */
  readonly file: string;
}

/** @returns the node that a disk's device writes to */
async function writtenNode(qmp: Qmp, diskId: string, signal: AbortSignal): Promise<WrittenNode> {
  const drive = objectsIn(await qmp.execute("query-block", {}, signal)).find(({ qdev }) =>
    String(qdev).split("/").includes(diskDevice(diskId)),
  );
  const node = objectsIn([drive?.["inserted"]])[0]?.["node-name"];
  if (typeof node !== "string") throw new Error(`QEMU has no disk ${diskId}`);
  const nodes = objectsIn(await qmp.execute("query-named-block-nodes", { flat: true }, signal));
  const file = nodes.find((one) => one["node-name"] === `${node}-file`)?.["file"];
  if (typeof file !== "string") throw new Error(`QEMU has no file of the disk ${diskId}`);
  return { node, file };
}

/** What of a list are objects: QEMU's answers are not believed before they are looked at. */
function objectsIn(answer: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(answer) ? answer.filter(isObject) : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

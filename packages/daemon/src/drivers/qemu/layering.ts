/**
 * Putting a new overlay on top of a running machine's disk.
 *
 * Until the one command that switches over, nothing is changed but what can be taken back. QEMU writes
 * out what it held back, and from then on has the file below open for reading.
 */

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

import type { DiskPlan, Layering } from "#core/ports/hypervisor.ts";

import { type BlockNode, layer } from "./disk-nodes.ts";
import { diskDevice } from "./argv.ts";
import { type Qmp, queryRunning } from "./qmp.ts";

/** how long QEMU may take to put away what was not used, in `ms` */
const UNDO_TIMEOUT_MS = 10_000;

export function layeringOf(qmp: Qmp): Layering {
  return { addLayer: (disk, signal) => addLayer(qmp, disk, signal) };
}

async function addLayer(qmp: Qmp, disk: DiskPlan, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (await queryRunning(qmp, signal)) {
    throw new Error("invariant: only the disk of a paused machine gets a layer");
  }
  const node = await writtenNode(qmp, disk.id, signal);
  await using undo = new AsyncDisposableStack();
  const takeBack = (command: string, args: BlockNode) =>
    undo.defer(async () => {
      await qmp.execute(command, args, AbortSignal.timeout(UNDO_TIMEOUT_MS)).catch(() => undefined); // QEMU has ended: that shows in the machine, and why we are here is thrown
    });
  const set = await giveFile(qmp, disk.path, signal);
  takeBack("remove-fd", { "fdset-id": set });
  const id = `${disk.id}-${randomBytes(4).toString("hex")}`;
  const { format, readOnly } = disk;
  const file = `/dev/fdset/${set}`;
  for (const added of layer({ id, format, readOnly, file, below: undefined })) {
    await qmp.execute("blockdev-add", added, signal);
    takeBack("blockdev-del", { "node-name": added["node-name"] });
  }
  await qmp.execute("blockdev-snapshot", { node, overlay: id }, signal);
  undo.move();
}

/** Hands an overlay over for reading and writing. @returns the number of the set that it is in */
async function giveFile(qmp: Qmp, path: string, signal: AbortSignal): Promise<number> {
  await using file = await open(path, constants.O_RDWR);
  const answer = await qmp.executeWith(file, { command: "add-fd", args: {} }, signal);
  if (typeof answer === "object" && answer !== null && "fdset-id" in answer) {
    if (typeof answer["fdset-id"] === "number") return answer["fdset-id"];
  }
  throw new Error("QEMU did not say what became of a file that it was given");
}

/** @returns the node that a disk's device writes to */
async function writtenNode(qmp: Qmp, diskId: string, signal: AbortSignal): Promise<string> {
  const answer = await qmp.execute("query-block", {}, signal);
  const drives: readonly unknown[] = Array.isArray(answer) ? answer : [];
  for (const drive of drives) {
    if (typeof drive !== "object" || drive === null) continue;
    if (!("qdev" in drive) || !String(drive.qdev).split("/").includes(diskDevice(diskId))) continue;
    const inserted: unknown = "inserted" in drive ? drive.inserted : undefined;
    if (typeof inserted !== "object" || inserted === null) continue;
    if ("node-name" in inserted) return String(inserted["node-name"]);
  }
  throw new Error(`QEMU has no disk ${diskId}`);
}

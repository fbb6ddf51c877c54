/** Disks of fake machines: what a fake guest writes is not in them, but which it has is kept as by any driver. */

import { access } from "node:fs/promises";

import type { DiskPlan } from "#core/ports/machine.ts";

import type { FakeBox } from "./fake-world.ts";

/** Rejects when the machine could not be writing to `disk.backing` until now. */
export async function addFakeLayer(
  box: FakeBox,
  disk: DiskPlan,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!box.guest.paused) {
    throw new Error("invariant: only the disk of a paused machine gets a layer");
  }
  const before = box.disks.get(disk.id);
  if (!before) throw new Error(`The fake machine has no disk ${disk.id}`);
  if (before !== disk.backing?.path) {
    throw new Error(`The fake machine does not write to ${disk.backing?.path ?? "nothing"}`);
  }
  await access(disk.path);
  signal.throwIfAborted();
  box.disks.set(disk.id, disk.path);
}

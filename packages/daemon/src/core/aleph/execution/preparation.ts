/** Makes what a machine is started with: its disks, and a place that is its own. */

import type { Clock } from "../../ports/clock.ts";
import type { ItemHash } from "../item-hash.ts";
import type { MachineRoom } from "../ports/machine-room.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { Execution } from "./execution.ts";
import { machineOrder } from "./machine-order.ts";
import type { ExecutionRecord } from "./record.ts";

export interface PreparationDeps {
  readonly room: MachineRoom;
  readonly messages: Pick<MessageSource, "file">;
  /** VMs that have ended and had this place in the address plan */
  readonly formerlyAt: (vmId: number) => readonly ItemHash[];
  readonly clock: Clock;
}

/** In turn, and once for an execution. @throws as the room does */
export async function prepare(
  execution: Execution,
  deps: PreparationDeps,
  signal: AbortSignal,
): Promise<void> {
  const { vmHash, record, content } = execution;
  const { room, clock, messages } = deps;
  execution.note({ times: { preparing: clock.now() } });
  const order = await machineOrder(record, content, messages, signal);
  // What an earlier execution left, or a daemon that was killed, was made for another order.
  if (room.phaseOf(vmHash)) {
    await room.stop(vmHash, signal);
    await room.remove(vmHash, "keep", signal);
  }
  await clearPlace(record, deps, signal);
  await room.prepare(order, signal);
  execution.note({ times: { prepared: clock.now() } });
}

/** A VM that has ended is known by its address for as long as it is in the room; it comes back at another. */
async function clearPlace(
  { vmHash, vmId }: ExecutionRecord,
  { room, formerlyAt }: PreparationDeps,
  signal: AbortSignal,
): Promise<void> {
  for (const other of formerlyAt(vmId)) {
    if (other !== vmHash && room.phaseOf(other)) await room.remove(other, "keep", signal);
  }
}

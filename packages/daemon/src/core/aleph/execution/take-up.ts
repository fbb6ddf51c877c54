/** What a new daemon does with what an earlier one left, be it ended or killed. */

import { inParallel } from "#lib/in-parallel.ts";

import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { MachineRoom } from "../ports/machine-room.ts";
import type { Register } from "./register.ts";
import type { Steps } from "./steps.ts";
import type { Upkeep } from "./upkeep.ts";
import { hasProcessors } from "./view.ts";
import type { VmWork } from "./vm-work.ts";

export interface TakeUpDeps {
  readonly register: Register;
  readonly upkeep: Upkeep;
  readonly steps: Steps;
  readonly work: VmWork;
  readonly room: Pick<MachineRoom, "phaseOf" | "hashes" | "stop" | "remove">;
  readonly log: Log;
}

/** VMs that are taken up at a time */
const WIDTH = 4;

/**
 * Ends what was begun to be ended, has running what should run, opens ports of what runs, and stops machines that belong
 * to nothing. One VM's trouble is logged.
 */
export async function takeUp(deps: TakeUpDeps, life: AbortSignal): Promise<void> {
  const { register, upkeep, room, log } = deps;
  const known = register.all();
  const strangers = room.hashes().filter((vmHash) => !register.find(vmHash)?.isIn);
  for (const execution of known) upkeep.awaitExpiry(execution);
  const attempt = async (vmHash: ItemHash, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!life.aborted) log.error("aleph.not_taken_up", { vmHash, error });
    }
  };
  await inParallel(WIDTH, known, ({ vmHash }) =>
    attempt(vmHash, () => takeUpOne(vmHash, deps, life)),
  );
  await inParallel(WIDTH, strangers, (vmHash) => attempt(vmHash, () => putOut(vmHash, deps, life)));
}

async function takeUpOne(
  vmHash: ItemHash,
  { register, upkeep, steps, work }: TakeUpDeps,
  signal: AbortSignal,
): Promise<void> {
  const wasUp = register.find(vmHash)?.isUp ?? false;
  await upkeep.resume(vmHash, signal);
  if (!wasUp) return;
  const refresh = async (life: AbortSignal) => {
    const execution = register.find(vmHash);
    if (execution?.isUp) await steps.refreshPorts(execution, life);
  };
  await work.act(vmHash, refresh, signal);
}

/** Ends a machine whose VM has ended, or is not known at all; disks stay. */
async function putOut(
  vmHash: ItemHash,
  { register, room, work, log }: TakeUpDeps,
  signal: AbortSignal,
): Promise<void> {
  const end = async (life: AbortSignal) => {
    if (register.find(vmHash)?.isIn) return;
    if (hasProcessors(room.phaseOf(vmHash))) log.warn("aleph.stray_machine", { vmHash });
    await room.stop(vmHash, life);
    if (!register.find(vmHash)) await room.remove(vmHash, "keep", life);
  };
  await work.act(vmHash, end, signal);
}

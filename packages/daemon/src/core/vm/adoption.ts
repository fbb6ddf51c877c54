/** Takes over what an earlier daemon left of one VM. */

import type { Hypervisor } from "../ports/hypervisor.ts";
import type { Machine, Whereabouts } from "../ports/machine.ts";
import type { Log } from "../ports/log.ts";
import type { VmLife } from "./life.ts";
import type { ContactStart } from "./guest-contact.ts";
import { hasMachine, keepsMemory } from "./lifecycle.ts";
import { type Occupancy, reasonOf } from "./occupancy.ts";
import type { RunningMachine } from "./running-machine.ts";
import type { Suspension } from "./suspension.ts";
import { isComingFromTemplate, isDueFixups, isUnrenewedCopy, type VmRecord } from "./vm.ts";

export interface Search {
  readonly hypervisor: Hypervisor;
  readonly whereabouts: (record: VmRecord) => Whereabouts;
  readonly log: Log;
}

export interface Adopting {
  readonly life: VmLife;
  readonly occupancy: Occupancy;
  readonly suspension: Suspension;
}

/** `half made`: the making of its first machine, from a template, ended with the daemon that was at it. */
export type Adoption = "half made" | "done";

/** Whatever it finds, the phase is true afterwards. */
export async function adopt(
  adopting: Adopting,
  search: Search,
  signal: AbortSignal,
): Promise<Adoption> {
  const { life } = adopting;
  const before = life.phase;
  await takeOver(adopting, search, signal);
  const isBegun = before !== "starting" || life.phase !== "failed";
  return isBegun || !isComingFromTemplate(life.record) ? "done" : "half made";
}

async function takeOver(
  { life, occupancy, suspension }: Adopting,
  search: Search,
  signal: AbortSignal,
): Promise<void> {
  const { phase } = life;
  if (!hasMachine(phase)) return;
  const found = await findMachine(life.record, search, signal);
  if (typeof found === "string") {
    if (await suspension.isComplete()) life.apply("saved");
    else life.apply("lost", { reason: found });
    return;
  }
  const running = occupancy.run(found, contactWith(life));
  if (keepsMemory(phase)) await suspension.finish(running);
  else if (isUnrenewedCopy(life.record) && phase !== "stopping") {
    await letGo(life, occupancy, running);
  } else await matchMachine(life, running, search.log);
  search.log.info("vm.adopted", { pid: found.pid, phase: life.phase });
  if (life.phase === "stopping") await running.end();
}

function contactWith({ phase, record }: VmLife): ContactStart {
  if (isUnrenewedCopy(record)) return "copied";
  const isNew = phase === "starting" || phase === "restoring" || isDueFixups(record);
  return isNew ? "fresh" : "known";
}

/** A copy that nobody has used yet: its daemon ended before it ran, or before its agent had confirmed who it is. */
async function letGo(life: VmLife, occupancy: Occupancy, running: RunningMachine): Promise<void> {
  const { machine } = running;
  try {
    if (machine.pausedAtStart && life.phase !== "paused") await running.resume();
  } catch (error) {
    // It had not got all of its memory when its daemon ended.
    await occupancy.endAs({ input: "lost", reason: `It could not go on: ${reasonOf(error)}` });
    return;
  }
  if (life.phase === "starting") life.apply("booted", { machine: machine.handle });
}

/**
 * What the machine does is true; what was stored may be a moment older. But one that stands still though it is to run
 * goes on: the daemon died before anybody was told that it is paused, or while it kept the machine still to copy it.
 */
async function matchMachine(life: VmLife, running: RunningMachine, log: Log): Promise<void> {
  const { handle, pausedAtStart: stands } = running.machine;
  const stored = { machine: handle };
  if (life.phase === "starting") life.apply("booted", stored);
  if (!stands && life.phase === "paused") life.apply("resume", stored);
  const awaitsSecret = stands && life.record.spec.confidential !== undefined;
  if (!stands || awaitsSecret || life.phase !== "running") return;
  try {
    await running.resume();
  } catch (error) {
    log.error("vm.resume_failed", { error });
    life.apply("pause", stored);
  }
}

/** @returns the machine; or why there is none, for people: then what may be left is not ours any more */
async function findMachine(
  record: VmRecord,
  { hypervisor, whereabouts, log }: Search,
  signal: AbortSignal,
): Promise<Machine | string> {
  try {
    const handle = record.state.machine;
    const machine = await hypervisor.adopt(whereabouts(record), handle, signal);
    return machine ?? "The VM's process was gone when the daemon started";
  } catch (error) {
    signal.throwIfAborted();
    log.error("vm.adopt_failed", { error });
    return `The daemon started and could not take the VM over: ${reasonOf(error)}`;
  }
}

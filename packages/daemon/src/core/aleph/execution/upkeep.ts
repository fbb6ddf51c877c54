/**
 * Keeps what is wanted running, and ends what is not, whoever asks for it: a request, a guest that powers off, a machine
 * that crashes, a time that is over, or a new daemon.
 */

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { MachineRoom } from "../ports/machine-room.ts";
import type { Background } from "./background.ts";
import type { Ending, Execution } from "./execution.ts";
import { Expiries } from "./expiries.ts";
import type { Intake } from "./intake.ts";
import type { Register } from "./register.ts";
import { Restarts } from "./restarts.ts";
import type { Steps } from "./steps.ts";
import { Interrupted, type Start, type VmWork } from "./vm-work.ts";

export interface UpkeepDeps {
  readonly register: Register;
  readonly intake: Intake;
  readonly background: Background;
  readonly work: VmWork;
  readonly steps: Steps;
  readonly room: Pick<MachineRoom, "phaseOf">;
  /** before a crashed machine is started again the first time, in `ms` */
  readonly restartPauseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class Upkeep {
  readonly #deps: UpkeepDeps;
  readonly #expiries: Expiries;
  readonly #restarts: Restarts;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
    this.#expiries = new Expiries(deps, (execution, life) =>
      this.#end(execution, { end: "expired", ports: "release" }, life),
    );
    this.#restarts = new Restarts(deps, (vmHash, life) => this.resume(vmHash, life));
  }

  /**
   * In turn: lets the VM in if it is not, and brings it up. If that fails nothing of it stays but disks.
   * @param wish `called`: a program is only wanted for a call, and kept no longer than it was to be
   * @throws StartError, Refusal, AlcoveError
   */
  async ensure(
    vmHash: ItemHash,
    life: AbortSignal,
    wish: "kept" | "called" = "kept",
  ): Promise<Execution> {
    const before = this.#deps.register.find(vmHash);
    if (before) await this.#finishStop(before, life);
    this.#restarts.calm(vmHash);
    if (before?.isIn) {
      if (wish === "kept") {
        this.#expiries.clear(vmHash);
        before.keep();
      }
      if (!before.isUp) await this.#bringUp(before, life);
      return before;
    }
    const fresh = await this.letIn(vmHash, life);
    if (wish === "kept") fresh.keep();
    await this.#bringUp(fresh, life);
    return fresh;
  }

  /** In turn: stores a new execution in place of what was known of the VM. @throws as `Intake.letIn` */
  async letIn(vmHash: ItemHash, life: AbortSignal): Promise<Execution> {
    const { intake, register } = this.#deps;
    const before = register.find(vmHash)?.record;
    return intake.letIn(vmHash, before, (inmate) => register.enrol(inmate), life);
  }

  /**
   * In turn: does what starts a machine, and does `afterwards` if it fails.
   * @param afterwards left out: the execution is given up
   */
  async start(
    execution: Execution,
    { step, afterwards = (life) => this.#giveUp(execution, life) }: Start,
    life: AbortSignal,
  ): Promise<void> {
    try {
      await this.#deps.work.interruptibly(execution.vmHash, step, life);
    } catch (error) {
      if (error instanceof Interrupted) throw error.cause;
      if (!life.aborted) await afterwards(life);
      throw error;
    }
  }

  /** In turn: work that leaves a VM running, or has it tried again later if it fails. */
  async keepUp(execution: Execution, work: Promise<void>, life: AbortSignal): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!life.aborted && execution.isIn && !execution.isUp) this.#restarts.later(execution);
      throw error;
    }
  }

  /** Ends a VM that is in, and takes it out of the register if it is erased. Does nothing for any other. */
  async windUp(vmHash: ItemHash, ending: Ending, signal: AbortSignal): Promise<void> {
    const windUp = async (life: AbortSignal) => {
      const execution = this.#deps.register.find(vmHash);
      if (!execution || (!execution.isIn && ending.end !== "erased")) return;
      await this.#end(execution, ending, life);
    };
    await this.#deps.work.insist(vmHash, windUp, signal);
  }

  /** Sees to it that a VM is stopped when its time is over, if it has one. */
  awaitExpiry(execution: Execution): void {
    this.#expiries.set(execution);
  }

  /** Looks at a VM whose machine has changed: one that has powered off has ended, one that has crashed comes back. */
  lookAt(vmHash: ItemHash): void {
    const execution = this.#deps.register.find(vmHash);
    if (!execution?.isIn || execution.record.times.started === undefined) return;
    const hasFailed = this.#deps.room.phaseOf(vmHash)?.phase === "failed";
    if (execution.hasPoweredOff || (hasFailed && execution.isOnDemand)) {
      this.#deps.background.begin("aleph.not_ended", (life) => this.resume(vmHash, life));
    } else if (hasFailed) {
      this.#restarts.later(execution);
    }
  }

  /** Brings to its end whatever is under way for a VM by what is stored, and has it run if it should. */
  async resume(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#deps.work.act(vmHash, (life) => this.#resume(vmHash, life), signal);
  }

  async #bringUp(execution: Execution, life: AbortSignal): Promise<void> {
    await this.start(execution, { step: this.#stepUp(execution) }, life);
  }

  async #resume(vmHash: ItemHash, life: AbortSignal): Promise<void> {
    const execution = this.#deps.register.find(vmHash);
    if (!execution || (await this.#finishStop(execution, life))) return;
    if (!execution.isIn || execution.isUp) return;
    if (execution.hasPoweredOff) {
      return this.#end(execution, { end: "stopped", ports: "keep" }, life);
    }
    // Whoever calls it next starts it again.
    if (execution.isOnDemand)
      return this.#end(execution, { end: "stopped", ports: "release" }, life);
    try {
      await this.#deps.work.interruptibly(vmHash, this.#stepUp(execution), life);
    } catch (error) {
      if (life.aborted || error instanceof Interrupted) return;
      this.#deps.log.warn("aleph.not_resumed", { vmHash, error });
      await this.#afterFailedResume(execution, life);
    }
  }

  #stepUp(execution: Execution): Start["step"] {
    return (signal) => this.#deps.steps.bringUp(execution, signal);
  }

  /** What was never made is given up; what has run is tried again. */
  async #afterFailedResume(execution: Execution, life: AbortSignal): Promise<void> {
    if (execution.record.times.prepared === undefined) return this.#giveUp(execution, life);
    if (execution.record.confidential?.launch) return execution.forgetLaunch();
    this.#restarts.later(execution);
  }

  /** @returns whether there was a stop under way */
  async #finishStop(execution: Execution, life: AbortSignal): Promise<boolean> {
    const { task } = execution.record;
    if (task?.what !== "stop") return false;
    await this.#end(execution, task, life);
    return true;
  }

  async #end(execution: Execution, { end, ports }: Ending, life: AbortSignal): Promise<void> {
    const { vmHash } = execution;
    this.#restarts.calm(vmHash);
    this.#expiries.clear(vmHash);
    await this.#deps.steps.windUp(execution, { what: "stop", end, ports }, life);
    if (execution.record.ended === "erased") this.#deps.register.drop(vmHash);
  }

  async #giveUp(execution: Execution, life: AbortSignal): Promise<void> {
    const { register, steps } = this.#deps;
    const hasTraces =
      execution.record.times.prepared !== undefined || register.wasKnownBefore(execution.record);
    await steps.giveUp(execution, hasTraces ? "keep" : "release", life);
    if (!hasTraces) register.drop(execution.vmHash);
  }
}

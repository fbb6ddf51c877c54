/**
 * Keeps what is wanted running, and ends what is not, whoever asks for it: a request, a guest that powers off, a machine
 * that crashes, a time that is over, or a new daemon.
 *
 * The only place that gives out turns: whoever changes an execution has its VM's.
 */

import { inParallel } from "#lib/in-parallel.ts";

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { MachineRoom } from "../ports/machine-room.ts";
import { type Background, Waits } from "./background.ts";
import type { Execution, StopTask } from "./execution.ts";
import type { Intake } from "./intake.ts";
import type { Register } from "./register.ts";
import { StartError } from "./start-error.ts";
import { Turns } from "./turns.ts";
import { hasProcessors } from "./view.ts";

export interface UpkeepDeps {
  readonly register: Register;
  readonly intake: Intake;
  readonly background: Background;
  readonly room: Pick<MachineRoom, "phaseOf" | "hashes" | "stop" | "remove">;
  /** before a crashed machine is started again the first time, in `ms` */
  readonly restartPauseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** VMs that are taken up at a time */
const TAKE_UP_WIDTH = 4;

/** Pauses between attempts double up to this. */
const MAX_RESTART_PAUSE_MS = 300_000;

/** a machine that has run for as long as this has not crashed because of what it was started with, in `ms` */
const CALM_MS = 600_000;

export type Ending = Omit<StopTask, "what">;

export class Upkeep {
  readonly #deps: UpkeepDeps;
  readonly #turns = new Turns();
  readonly #starts = new Map<ItemHash, AbortController>();
  readonly #expiries: Waits<ItemHash>;
  readonly #restarts: Waits<ItemHash>;
  /** how often machines have crashed in a row */
  readonly #crashes = new Map<ItemHash, number>();

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
    this.#expiries = new Waits(deps.background);
    this.#restarts = new Waits(deps.background);
  }

  /** Has `work` done in the VM's turn. @param signal gives up the place in the queue; later, only the wait */
  async act<T>(
    vmHash: ItemHash,
    work: (life: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const turn = await this.#turns.enter(vmHash, signal);
    return this.#deps.background.own(async (life) => {
      using _turn = turn;
      return await work(life);
    }, signal);
  }

  /** Makes a start that is under way give up, so that what comes next has its turn soon. */
  interrupt(vmHash: ItemHash): void {
    const words = "The VM was stopped while it was being started";
    this.#starts.get(vmHash)?.abort(new StartError("VmSetupError", words));
  }

  /**
   * In turn: lets the VM in if it is not, and brings it up. If that fails nothing of it stays but disks.
   * @throws StartError, Refusal, AlcoveError
   */
  async ensure(vmHash: ItemHash, life: AbortSignal): Promise<Execution> {
    const before = this.#deps.register.find(vmHash);
    if (before) await this.#finishStop(before, life);
    this.#calm(vmHash);
    if (before?.isIn) {
      this.#expiries.clear(vmHash);
      before.keep();
      if (!before.isUp) await this.start(before, (signal) => before.bringUp(signal), life);
      return before;
    }
    const fresh = await this.letIn(vmHash, life);
    await this.start(fresh, (signal) => fresh.bringUp(signal), life);
    return fresh;
  }

  /** In turn: stores a new execution in place of what was known of the VM. @throws as `Intake.letIn` */
  async letIn(vmHash: ItemHash, life: AbortSignal): Promise<Execution> {
    const { intake, register } = this.#deps;
    const before = register.find(vmHash)?.record;
    return intake.letIn(vmHash, before, (inmate) => register.enrol(inmate), life);
  }

  /** In turn: does what starts a machine, and gives the execution up if it fails. */
  async start(
    execution: Execution,
    step: (signal: AbortSignal) => Promise<void>,
    life: AbortSignal,
  ): Promise<void> {
    try {
      await this.#interruptibly(execution.vmHash, step, life);
    } catch (error) {
      if (!life.aborted && !(error instanceof Interrupted)) await this.#giveUp(execution, life);
      throw error instanceof Interrupted ? error.cause : error;
    }
  }

  /** In turn: as `start`, for a VM whose owner may send another session if this one makes no machine. */
  async startWith(
    execution: Execution,
    step: (signal: AbortSignal) => Promise<void>,
    life: AbortSignal,
  ): Promise<void> {
    try {
      await this.#interruptibly(execution.vmHash, step, life);
    } catch (error) {
      if (!life.aborted) execution.forgetLaunch();
      throw error instanceof Interrupted ? error.cause : error;
    }
  }

  /**
   * Takes up what an earlier daemon left: ends what it has begun to end, has running what should run, opens ports
   * of what runs, and stops machines that belong to nothing. One VM's trouble is logged.
   */
  async takeUp(life: AbortSignal): Promise<void> {
    const { register, room, log } = this.#deps;
    const known = register.all();
    const strangers = room.hashes().filter((vmHash) => !register.find(vmHash)?.isIn);
    for (const execution of known) this.awaitExpiry(execution);
    const attempt = async (vmHash: ItemHash, work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        if (!life.aborted) log.error("aleph.not_taken_up", { vmHash, error });
      }
    };
    await inParallel(TAKE_UP_WIDTH, known, ({ vmHash }) =>
      attempt(vmHash, () => this.#takeUpOne(vmHash, life)),
    );
    await inParallel(TAKE_UP_WIDTH, strangers, (vmHash) =>
      attempt(vmHash, () => this.#putOut(vmHash, life)),
    );
  }

  /** Ends a VM that is in, and takes it out of the register if it is erased. Does nothing for any other. */
  async windUp(vmHash: ItemHash, ending: Ending, signal: AbortSignal): Promise<void> {
    this.interrupt(vmHash);
    await this.act(
      vmHash,
      async (life) => {
        const execution = this.#deps.register.find(vmHash);
        if (!execution || (!execution.isIn && ending.end !== "erased")) return;
        await this.#end(execution, ending, life);
      },
      signal,
    );
  }

  /** Sees to it that a VM is stopped when its time is over, if it has one. */
  awaitExpiry({ vmHash, record }: Execution): void {
    const { expiresAt } = record;
    if (!expiresAt) return this.#expiries.clear(vmHash);
    const ms = expiresAt.getTime() - this.#deps.clock.now().getTime();
    this.#expiries.set(vmHash, ms, (signal) =>
      this.act(vmHash, (life) => this.#expire(vmHash, expiresAt, life), signal),
    );
  }

  /** Looks at a VM whose machine has changed: one that has powered off has ended, one that has crashed comes back. */
  lookAt(vmHash: ItemHash): void {
    const execution = this.#deps.register.find(vmHash);
    if (!execution?.isIn || execution.record.times.started === undefined) return;
    if (execution.hasPoweredOff) {
      this.#deps.background.begin("aleph.not_ended", (life) => this.resume(vmHash, life));
    } else if (this.#deps.room.phaseOf(vmHash)?.phase === "failed") {
      this.#retryLater(execution);
    }
  }

  /** Brings to its end whatever is under way for a VM by what is stored, and has it run if it should. */
  async resume(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.act(vmHash, (life) => this.#resume(vmHash, life), signal);
  }

  async #resume(vmHash: ItemHash, life: AbortSignal): Promise<void> {
    const execution = this.#deps.register.find(vmHash);
    if (!execution || (await this.#finishStop(execution, life)) || !execution.isIn) return;
    if (execution.isUp) return;
    if (execution.hasPoweredOff) {
      return this.#end(execution, { end: "stopped", ports: "keep" }, life);
    }
    try {
      await this.#interruptibly(vmHash, (signal) => execution.bringUp(signal), life);
    } catch (error) {
      if (life.aborted || error instanceof Interrupted) return;
      this.#deps.log.warn("aleph.not_resumed", { vmHash, error });
      await this.#afterFailedResume(execution, life);
    }
  }

  async #takeUpOne(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    const wasUp = this.#deps.register.find(vmHash)?.isUp ?? false;
    await this.resume(vmHash, signal);
    if (!wasUp) return;
    const refresh = async (life: AbortSignal) => {
      const execution = this.#deps.register.find(vmHash);
      if (execution?.isUp) await execution.refreshPorts(life);
    };
    await this.act(vmHash, refresh, signal);
  }

  /** Ends a machine whose VM has ended, or is not known at all; disks stay. */
  async #putOut(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    const { register, room, log } = this.#deps;
    const putOut = async (life: AbortSignal) => {
      if (register.find(vmHash)?.isIn) return;
      if (hasProcessors(room.phaseOf(vmHash))) log.warn("aleph.stray_machine", { vmHash });
      await room.stop(vmHash, life);
      if (!register.find(vmHash)) await room.remove(vmHash, "keep", life);
    };
    await this.act(vmHash, putOut, signal);
  }

  /** Unless somebody has wanted it kept since. */
  async #expire(vmHash: ItemHash, at: Date, life: AbortSignal): Promise<void> {
    const execution = this.#deps.register.find(vmHash);
    if (!execution?.isIn || execution.record.expiresAt?.getTime() !== at.getTime()) return;
    await this.#end(execution, { end: "expired", ports: "release" }, life);
  }

  /** What was never made is given up; what has run is tried again. */
  async #afterFailedResume(execution: Execution, life: AbortSignal): Promise<void> {
    if (execution.record.times.prepared === undefined) return this.#giveUp(execution, life);
    if (execution.record.confidential?.launch) return execution.forgetLaunch();
    this.#retryLater(execution);
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
    this.#calm(vmHash);
    this.#expiries.clear(vmHash);
    await execution.windUp({ what: "stop", end, ports }, life);
    if (execution.record.ended === "erased") this.#deps.register.drop(vmHash);
  }

  async #giveUp(execution: Execution, life: AbortSignal): Promise<void> {
    const { register } = this.#deps;
    const hasTraces =
      execution.record.times.prepared !== undefined || register.wasKnownBefore(execution.record);
    await execution.giveUp(hasTraces ? "keep" : "release", life);
    if (!hasTraces) register.drop(execution.vmHash);
  }

  async #interruptibly(
    vmHash: ItemHash,
    step: (signal: AbortSignal) => Promise<void>,
    life: AbortSignal,
  ): Promise<void> {
    const stopper = new AbortController();
    this.#starts.set(vmHash, stopper);
    try {
      await step(AbortSignal.any([life, stopper.signal]));
    } catch (error) {
      throw stopper.signal.aborted ? new Interrupted(stopper.signal.reason) : error;
    } finally {
      this.#starts.delete(vmHash);
    }
  }

  #retryLater({ vmHash, record }: Execution): void {
    if (this.#restarts.has(vmHash)) return;
    const { clock, restartPauseMs } = this.#deps;
    const ranMs = clock.now().getTime() - (record.times.started?.getTime() ?? Infinity);
    const crashes = ranMs >= CALM_MS ? 0 : (this.#crashes.get(vmHash) ?? 0);
    this.#crashes.set(vmHash, crashes + 1);
    const ms = Math.min(restartPauseMs * 2 ** crashes, MAX_RESTART_PAUSE_MS);
    this.#restarts.set(vmHash, ms, (life) => this.resume(vmHash, life));
  }

  #calm(vmHash: ItemHash): void {
    this.#restarts.clear(vmHash);
    this.#crashes.delete(vmHash);
  }
}

/** A start gave way to what stops the VM: that has the say about it now. */
class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(cause: unknown) {
    super("the start gave way", { cause });
  }
}

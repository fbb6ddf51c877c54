/**
 * How one VM loses its machine and keeps its memory, and the way back.
 *
 * The order is what makes it safe. The memory on the disk fits the VM's disk only as long as nothing
 * runs: so a machine ends before the VM is suspended, and is on record before it runs again. A daemon
 * that dies anywhere in between leaves either all of the memory or a machine that can go on.
 */

import { newStateName } from "../ids.ts";
import type { BootPlan } from "../ports/machine.ts";
import type { Log } from "../ports/log.ts";
import type { StartHow } from "../trace/start-trace.ts";
import type { VmStarts } from "../trace/vm-starts.ts";
import type { KeptMemory } from "./kept-memory.ts";
import type { VmLife } from "./life.ts";
import type { VmPhase } from "./lifecycle.ts";
import type { Occupancy } from "./occupancy.ts";
import type { RunningMachine } from "./running-machine.ts";
import { isUnrenewedCopy, type VmRecord } from "./vm.ts";

export interface SuspendOrder {
  /** whether the next daemon restores the VM by itself */
  readonly restoreAtStart: boolean;
}

export interface SuspensionParts {
  readonly life: VmLife;
  readonly occupancy: Occupancy;
  readonly memory: KeptMemory;
  readonly starts: VmStarts;
  readonly log: Log;
}

export class Suspension {
  readonly #life: VmLife;
  readonly #occupancy: Occupancy;
  readonly #memory: KeptMemory;
  readonly #starts: VmStarts;
  readonly #log: Log;

  constructor({ life, occupancy, memory, starts, log }: SuspensionParts) {
    this.#life = life;
    this.#occupancy = occupancy;
    this.#memory = memory;
    this.#starts = starts;
    this.#log = log;
  }

  /** Only a kill calls it off. When it fails, the VM goes on as it was. */
  async suspend({ restoreAtStart }: SuspendOrder): Promise<void> {
    this.#life.check("suspend");
    const running = this.#occupancy.mustRun();
    this.#memory.savingOf(running.machine);
    const before = this.#life.phase;
    this.#life.apply("suspend", { saved: { name: newStateName(), restoreAtStart } });
    const killed = this.#occupancy.calm();
    try {
      if (before === "running") await running.pause();
      await this.#memory.save(running.machine, this.#life.record, killed);
    } catch (cause) {
      await this.#goOn(before);
      killed.throwIfAborted();
      const why = await running.whyFailed(cause);
      throw this.#occupancy.failed("could not be suspended", why);
    }
    await this.#occupancy.endAs({ input: "saved", reason: undefined });
  }

  /** @param signal calls the restore off; then, as after any failure, the VM is suspended as before */
  async restore(signal: AbortSignal): Promise<void> {
    this.#life.check("restore");
    this.#memory.mustRestore();
    this.#life.apply("restore");
    const failure = "could not be restored";
    const load = (plan: BootPlan, till: AbortSignal) =>
      this.#memory.restore(this.#life.record, plan, till);
    const machine = await this.#occupancy.make(failure, load, signal);
    // Its random generator says what it said when the memory was saved, until the agent has confirmed otherwise.
    const start = isUnrenewedCopy(this.#life.record) ? "copied" : "fresh";
    this.#starts.tookMachine(howOf(this.#life.record), machine.madeIn);
    const running = this.#occupancy.run(machine, start);
    await this.#occupancy.putOnRecord(running);
    try {
      await running.resume();
      this.#starts.took("resume");
    } catch (cause) {
      await running.end(); // a machine that cannot run is none
      throw this.#occupancy.failed(failure, cause);
    }
    await this.#tidy();
  }

  /** Ends a suspension for good: the VM is stopped, as if its power had been cut. */
  async giveUp(): Promise<void> {
    if (this.#life.phase !== "suspended") return;
    this.#life.apply("stop", { reason: "Shut down on request while it was suspended" });
    await this.#tidy();
  }

  /** whether an earlier daemon had kept all of the memory before it ended */
  async isComplete(): Promise<boolean> {
    return this.#life.phase === "suspending" && (await this.#memory.isThere(this.#life.record));
  }

  /** An earlier daemon ended in the middle, and the machine is still there. */
  async finish({ machine }: RunningMachine): Promise<void> {
    if (this.#life.phase === "restoring") {
      const reason = "The daemon ended while it restored the VM";
      if (machine.pausedAtStart) await this.#occupancy.endAs({ input: "lost", reason });
      else this.#life.apply("booted", { machine: machine.handle });
    } else if (await this.isComplete()) {
      await this.#occupancy.endAs({ input: "saved", reason: undefined });
    } else {
      await this.#goOn("running");
    }
  }

  /** After a save that failed. A machine that died of it has reported that itself. */
  async #goOn(before: VmPhase): Promise<void> {
    if (before === "running") await this.#resume();
    if (this.#life.phase !== "suspending") return;
    this.#life.apply(before === "running" ? "resume" : "pause");
  }

  async #resume(): Promise<void> {
    try {
      await this.#occupancy.running?.resume();
    } catch (error) {
      this.#log.error("vm.resume_failed", { error });
    }
  }

  /** What cannot be removed now, the next daemon removes. */
  async #tidy(): Promise<void> {
    try {
      await this.#memory.tidy(this.#life.record);
    } catch (error) {
      this.#log.error("vm.memory_left", { error });
    }
  }
}

/** The child of a fork is made of its source's memory, and later of its own. */
function howOf(record: VmRecord): StartHow {
  return record.origin.how === "fork" && isUnrenewedCopy(record) ? "fork" : "restore";
}

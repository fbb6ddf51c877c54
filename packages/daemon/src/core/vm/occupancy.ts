/**
 * The machine of one VM, while there is one: made, put on record, and what its end means for the
 * VM's life.
 *
 * It waits for nobody's turn and takes no commands: those are the supervisor's.
 */

import { AlcoveError } from "../errors.ts";
import type { BootPlan, Exit, Machine } from "../ports/machine.ts";
import type { Log } from "../ports/log.ts";
import type { ContactStart } from "./guest-contact.ts";
import { fixUp } from "./fixups.ts";
import type { VmLife } from "./life.ts";
import { RunningMachine } from "./running-machine.ts";
import type { GuestHas, SupervisorDeps } from "./supervisor-deps.ts";

/** An end that says nothing about the guest, because it was decided before. */
export interface ForeseenEnd {
  /** `saved`: its memory is kept, all of it. `lost`: it has not begun to run, and its memory is still kept */
  readonly input: "saved" | "lost";
  readonly reason: string | undefined;
}

/** How its agent is reached, and becomes a copy's own. */
export type WayIn = Pick<SupervisorDeps, "dialer" | "renewGuest">;

export class Occupancy {
  readonly #life: VmLife;
  readonly #deps: SupervisorDeps;
  readonly #log: Log;
  #running: RunningMachine | undefined;
  #foreseen: ForeseenEnd | undefined;
  #hurry = new AbortController();

  constructor(life: VmLife, deps: SupervisorDeps, log: Log) {
    this.#life = life;
    this.#deps = deps;
    this.#log = log;
  }

  get running(): RunningMachine | undefined {
    return this.#running;
  }

  mustRun(): RunningMachine {
    if (this.#running) return this.#running;
    throw new Error(`invariant: the VM is ${this.#life.phase} but has no machine`);
  }

  /** aborts when the VM is killed: whatever is under way is called off */
  get hurried(): AbortSignal {
    return this.#hurry.signal;
  }

  hurry(reason: string): void {
    const { name } = this.#deps.hypervisor;
    this.#hurry.abort(new AlcoveError("hypervisor_failed", reason, { hypervisor: name }));
  }

  /** Something begins that a kill from now on calls off. */
  calm(): AbortSignal {
    this.#hurry = new AbortController();
    return this.#hurry.signal;
  }

  /**
   * @param failure what did not happen, as in "did not boot"
   * @returns what `make` has made, with the machine; on failure nothing of it is left and the life says so
   */
  async make<Made>(
    failure: string,
    make: (plan: BootPlan, signal: AbortSignal) => Promise<Made>,
    signal: AbortSignal,
  ): Promise<Made> {
    const { starts } = this.#deps;
    const till = AbortSignal.any([signal, this.calm()]);
    try {
      starts.begin();
      const plan = await this.#deps.planFor(this.#life.record, till);
      starts.took("network");
      return await make(plan, till);
    } catch (cause) {
      await this.#release();
      this.#life.apply("crashed", { reason: reasonOf(cause) });
      till.throwIfAborted(); // whoever called it off gets his own reason back
      throw this.failed(failure, cause);
    }
  }

  /** From now on the machine's end is applied to the life. */
  run(machine: Machine, start: ContactStart, way: WayIn = this.#deps): RunningMachine {
    const { dialer, renewGuest } = way;
    const { configurationFor, prepareGuest, attendGuest, hypervisor, starts } = this.#deps;
    const record = () => this.#life.record;
    let has: GuestHas = "what may be there";
    this.#foreseen = undefined;
    this.#running = new RunningMachine(machine, start, {
      dialer,
      configuration: () => configurationFor(record()),
      renew: async (link, signal) => {
        this.#life.setReceipt(await renewGuest(record(), link, signal));
        if (record().origin.how === "template") has = "nothing, and the place for it";
      },
      onUnconfirmed: (why) => this.#deps.onUnconfirmed(why),
      prepare: async (link, signal) => {
        await fixUp(this.#life, this.#deps, link, signal);
        await prepareGuest(record(), link, has, signal);
        await this.#deps.furnishGuest(record(), link, signal);
        has = "what may be there";
      },
      attend: (link, signal) => attendGuest(record(), link, signal),
      onStep: (step) => {
        if (step !== "over") starts.tookContact(step);
        if (step === "ready" || step === "over") this.#deps.touched();
      },
      log: this.#log,
      hypervisor: hypervisor.name,
      release: () => this.#release(),
      onEnd: (running, exit) => this.#onEnd(running, exit),
    });
    return this.#running;
  }

  async putOnRecord(running: RunningMachine): Promise<void> {
    try {
      this.#life.apply("booted", { machine: running.machine.handle });
    } catch (error) {
      await running.end(); // a machine that is not on record would be nobody's
      throw error;
    }
  }

  /** Ends the machine; however it ends now, the life goes on as foreseen. */
  async endAs(end: ForeseenEnd): Promise<void> {
    this.#foreseen = end;
    await this.#running?.end();
  }

  /** Leaves the machine to the next daemon. */
  async abandon(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.abandon();
  }

  /** What the caller can do something about goes to him as it is. */
  failed(failure: string, cause: unknown): AlcoveError {
    const known = ["no_capacity", "state_unusable"] as const;
    if (cause instanceof AlcoveError && known.some((code) => code === cause.code)) return cause;
    const { name } = this.#deps.hypervisor;
    const message = `The VM ${failure}: ${reasonOf(cause)}`;
    return new AlcoveError("hypervisor_failed", message, { hypervisor: name }, { cause });
  }

  #onEnd(running: RunningMachine, exit: Exit): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    if (this.#foreseen) {
      const { input, reason } = this.#foreseen;
      this.#life.apply(input, { reason });
      return;
    }
    const { reason } = this.#life.record.state;
    if (exit.kind === "clean") {
      this.#life.apply("exited", { reason: reason ?? "The guest powered off" });
      return;
    }
    const asked = this.#life.phase === "stopping";
    if (!asked) this.#log.warn("vm.crashed", { lastWords: exit.lastWords });
    this.#life.apply("crashed", { reason: asked ? reason : exit.lastWords });
  }

  /** What cannot be taken back now, the next daemon's sweep removes. */
  async #release(): Promise<void> {
    try {
      await this.#deps.release(this.#life.record);
    } catch (error) {
      this.#log.error("vm.release_failed", { error });
    }
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

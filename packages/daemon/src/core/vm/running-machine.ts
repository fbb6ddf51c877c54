/**
 * A machine that runs, and the contact with its agent: what a VM has in the phases with a machine.
 *
 * It ends with its process, whoever ended that, and is put away by itself then. It knows no phases.
 */

import { settlesWithin } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import type { Exit, Machine, Pausing } from "../ports/machine.ts";
import type { Log } from "../ports/log.ts";
import { type ContactDeps, type ContactStart, GuestContact } from "./guest-contact.ts";

export interface RunningMachineDeps extends ContactDeps {
  readonly log: Log;
  /** name of its hypervisor, for people */
  readonly hypervisor: string;
  /** takes back from the host what the machine needed there */
  readonly release: () => Promise<void>;
  /** records the end; not called for a machine that was let go */
  readonly onEnd: (running: RunningMachine, exit: Exit) => void;
}

/** how long the news of a machine's end may take after what it was asked to do has failed, in `ms` */
const END_NEWS_MS = 200;

/** how long a machine may take to notice its power button, in `ms` */
const BUTTON_TIMEOUT_MS = 5_000;

const never = new AbortController().signal;

export class RunningMachine {
  readonly machine: Machine;
  readonly contact: GuestContact;
  readonly #deps: RunningMachineDeps;
  /** settles when the end has been recorded; rejects when it could not be */
  readonly #ended: Promise<void>;
  #letGo = false;

  constructor(machine: Machine, start: ContactStart, deps: RunningMachineDeps) {
    this.machine = machine;
    this.#deps = deps;
    this.contact = new GuestContact(machine.agentEndpoint, start, deps);
    if (machine.pausedAtStart) this.contact.setHeld("held");
    this.#ended = machine.exited.then((exit) => this.#onExit(exit));
    this.#ended.catch((error: unknown) => deps.log.error("vm.end_not_stored", { error })); // nobody may be waiting
  }

  /** Never half done: a caller who leaves must not leave a machine that is not in its phase. */
  async pause(): Promise<void> {
    await this.#pausing("pause").pause(never);
    this.contact.setHeld("held");
  }

  async resume(): Promise<void> {
    await this.#pausing("resume").resume(never);
    this.contact.setHeld("live");
  }

  /** Resolves when the machine has ended by itself, or had its time to; never rejects. */
  async powersOff(graceMs: number): Promise<void> {
    const asked = (await this.contact.powerOff()) === "asked" || (await this.#pressButton());
    if (asked) await settlesWithin(this.machine.exited, graceMs);
  }

  /** What a guest without an agent of ours may listen to. */
  async #pressButton(): Promise<boolean> {
    const { powerButton } = this.machine;
    if (!powerButton) return false;
    try {
      await powerButton.press(AbortSignal.timeout(BUTTON_TIMEOUT_MS));
      return true;
    } catch (error) {
      this.#deps.log.warn("vm.power_button_failed", { error });
      return false;
    }
  }

  /** @returns why something that was done with it failed: its end, when it has ended meanwhile */
  async whyFailed(cause: unknown): Promise<unknown> {
    const { exited } = this.machine;
    if (cause instanceof AlcoveError || !(await settlesWithin(exited, END_NEWS_MS))) return cause;
    const exit = await exited;
    const why = exit.kind === "clean" ? "the guest powered off meanwhile" : exit.lastWords;
    return new Error(why, { cause });
  }

  /** Kills what is left; resolves when its end has been recorded. */
  async end(): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
    await this.#ended;
  }

  /** Leaves the machine to the next daemon. */
  async abandon(): Promise<void> {
    this.#letGo = true;
    await this.contact[Symbol.asyncDispose]();
    await this.machine.abandon();
  }

  async #onExit(exit: Exit): Promise<void> {
    if (this.#letGo) return;
    await this.contact[Symbol.asyncDispose]();
    await this.#putAway();
    if (this.#letGo) return; // meanwhile: the next daemon finds it gone
    this.#deps.onEnd(this, exit);
  }

  /** Whatever is left of a machine, its end is recorded; the next daemon's sweep removes the rest. */
  async #putAway(): Promise<void> {
    try {
      await this.machine[Symbol.asyncDispose]();
    } catch (error) {
      this.#deps.log.error("vm.cleanup_failed", { error });
    }
    await this.#deps.release();
  }

  #pausing(feature: string): Pausing {
    const { pausing } = this.machine;
    if (pausing) return pausing;
    const message = `The ${this.#deps.hypervisor} hypervisor cannot ${feature} a VM`;
    throw new AlcoveError("unsupported", message, { feature });
  }
}

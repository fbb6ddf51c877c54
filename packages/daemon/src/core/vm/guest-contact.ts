/**
 * The daemon's standing contact with one VM's agent.
 *
 * Owns the session: dials while the machine lives, configures the guest at each
 * first word, and dials again when a session ends (agent restarted, guest
 * rebooted). It knows nothing of phases; the supervisor starts and ends it.
 */

import { pause, unlessAborted, within } from "#lib/patience.ts";

import {
  type GuestConfiguration,
  type GuestDialer,
  type GuestLink,
  SessionLost,
} from "../ports/guest-link.ts";
import type { Log } from "../ports/log.ts";
import type { ContactStep } from "../trace/start-trace.ts";

/** how long a copy may take to confirm that it is somebody of its own, in `ms` */
const CONFIRM_TIMEOUT_MS = 20_000;
const PREPARE_TIMEOUT_MS = 60_000;
const CONFIGURE_TIMEOUT_MS = 15_000;
const REDIAL_PAUSE_MS = 50;
const POWER_REQUEST_TIMEOUT_MS = 5_000;
const REFUSED_PAUSE_MS = 1_000;

export interface ContactDeps {
  readonly dialer: GuestDialer;
  /** made afresh for each contact: it carries the time and new entropy */
  readonly configuration: () => Promise<GuestConfiguration>;
  /** puts into the guest what must be there before it is configured; it may have been done in this boot already */
  readonly prepare: (link: GuestLink, signal: AbortSignal) => Promise<void>;
  /** makes a copy of another guest somebody of its own; resolves when its agent has confirmed that */
  readonly renew: (link: GuestLink, signal: AbortSignal) => Promise<void>;
  /** told once that a copy has not become somebody of its own, and why: nobody must use it */
  readonly onUnconfirmed: (why: Error) => void;
  /** does what a guest asks for by itself, for as long as the session lasts; never rejects */
  readonly attend: (link: GuestLink, signal: AbortSignal) => Promise<void>;
  /** told of what each session has come to */
  readonly onStep: (step: ContactStep) => void;
  readonly log: Log;
}

/**
 * `fresh`: a guest that was never configured is not ready before it is. `known`: it was, by an earlier daemon.
 * `copied`: it has the memory of another, and one attempt to become somebody of its own.
 */
export type ContactStart = "fresh" | "known" | "copied";

export class GuestContact implements AsyncDisposable {
  readonly #deps: ContactDeps;
  readonly #over = new AbortController();
  readonly #work: Promise<void>;
  #configured: boolean;
  /** whether the guest still is a copy of another */
  #copied: boolean;
  #link: GuestLink | undefined;
  #next = Promise.withResolvers<GuestLink>();
  #problem: string | undefined;
  #hold: Disposable | undefined;
  #held = false;

  constructor(endpoint: string, start: ContactStart, deps: ContactDeps) {
    this.#deps = deps;
    this.#configured = start === "known";
    this.#copied = start === "copied";
    this.#next.promise.catch(() => {}); // whoever waits sees it; nobody may be waiting
    this.#work = this.#keep(endpoint);
  }

  /** the session as it is now, without waiting */
  get current(): GuestLink | undefined {
    return this.#link;
  }

  /** why the agent is not there yet, as far as known */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Waits for a session with a configured guest. Rejects with the signal's reason, or when the contact ended. */
  async link(signal: AbortSignal): Promise<GuestLink> {
    return this.#link ?? (await unlessAborted(this.#next.promise, signal));
  }

  /** whether the machine's vCPUs are stopped, as far as said */
  get isHeld(): boolean {
    return this.#held;
  }

  /** The machine's vCPUs are stopped, or run again: silence means nothing while they are. */
  setHeld(held: "held" | "live"): void {
    this.#held = held === "held";
    this.#renewHold();
  }

  /** Tells a guest that stood still what it is to know, the time above all; never rejects. */
  async tellAgain(): Promise<void> {
    const over = this.#over.signal;
    try {
      const configuration = await this.#deps.configuration();
      await this.#link?.configure(configuration, within(CONFIGURE_TIMEOUT_MS, over));
    } catch (error) {
      if (!over.aborted) this.#deps.log.warn("guest.reconfigure_failed", { error });
    }
  }

  /** Asks the guest to power off, if there is an agent to ask; never rejects. */
  async powerOff(): Promise<"asked" | "not asked"> {
    try {
      await this.#link?.power("poweroff", AbortSignal.timeout(POWER_REQUEST_TIMEOUT_MS));
      return this.#link ? "asked" : "not asked";
    } catch (error) {
      if (error instanceof SessionLost) return "asked"; // the guest was faster than its answer
      this.#deps.log.warn("guest.power_off_refused", { error });
      return "not asked";
    }
  }

  /**
   * Asks the guest to restart itself; waits a little for an agent that is not there, or does not answer.
   * Rejects with the signal's reason, its own `TimeoutError`, or what the agent says against it.
   */
  async reboot(signal: AbortSignal): Promise<void> {
    const deadline = within(POWER_REQUEST_TIMEOUT_MS, signal);
    const link = await this.link(deadline);
    try {
      await link.power("reboot", deadline);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error; // the guest was faster than its answer
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("the machine has ended"));
    await this.#work;
  }

  async #keep(endpoint: string): Promise<void> {
    const over = this.#over.signal;
    await this.#becomeItself(endpoint, over);
    while (!over.aborted && !this.#copied) {
      try {
        await this.#oneSession(endpoint, over);
        await pause(REDIAL_PAUSE_MS, over);
      } catch (error) {
        if (over.aborted) break;
        this.#failed(error);
        await pause(REFUSED_PAUSE_MS, over).catch(() => {}); // ended while pausing: the loop's condition sees it
      }
    }
    const reason: unknown = over.aborted ? over.reason : new Error(this.#problem);
    this.#next.reject(reason);
    this.#forget(); // what was announced last is no answer for those who ask from now on
    this.#next.reject(reason);
  }

  /** A copy's first sessions: until one has confirmed the new identity, it is a guest for nobody else. */
  async #becomeItself(endpoint: string, over: AbortSignal): Promise<void> {
    const confirming = within(CONFIRM_TIMEOUT_MS, over);
    while (this.#copied && !over.aborted) {
      try {
        await using link = await this.#deps.dialer.dial(endpoint, confirming);
        this.#deps.onStep("contact");
        await unlessAborted(this.#deps.renew(link, confirming), confirming);
        this.#deps.onStep("reidentify");
        this.#copied = false;
        await this.#session(link, over);
      } catch (error) {
        if (over.aborted) return;
        this.#failed(error);
        if (!this.#copied || (error instanceof SessionLost && !confirming.aborted)) continue;
        this.#deps.onUnconfirmed(asError(error));
        return;
      }
    }
  }

  #failed(error: unknown): void {
    this.#problem = asError(error).message;
    this.#deps.log.warn("guest.contact_failed", { error });
  }

  async #oneSession(endpoint: string, over: AbortSignal): Promise<void> {
    await using link = await this.#deps.dialer.dial(endpoint, over);
    this.#deps.onStep("contact");
    await this.#session(link, over);
  }

  async #session(link: GuestLink, over: AbortSignal): Promise<void> {
    this.#link = undefined;
    await this.#configure(link, over);
    this.#announce(link);
    void this.#deps.attend(link, over); // it ends with the session
    const reason = await unlessAborted(link.closed, over);
    this.#forget();
    this.#deps.onStep("over");
    this.#problem = reason.message;
    const cause = reason.cause instanceof Error ? { cause: reason.cause.message } : {};
    this.#deps.log.info("guest.session_over", { reason: reason.message, ...cause });
  }

  async #configure(link: GuestLink, over: AbortSignal): Promise<void> {
    try {
      await this.#deps.prepare(link, within(PREPARE_TIMEOUT_MS, over));
      this.#deps.onStep("prepare");
      await link.configure(await this.#deps.configuration(), within(CONFIGURE_TIMEOUT_MS, over));
      this.#deps.onStep("configure");
      this.#configured = true;
    } catch (error) {
      if (!this.#configured) throw error;
      // It worked before, so this is this VM; a full disk, say, must not lock its owner out.
      this.#deps.log.warn("guest.reconfigure_failed", { error });
    }
  }

  #announce(link: GuestLink): void {
    this.#link = link;
    this.#problem = undefined;
    this.#deps.onStep("ready");
    this.#renewHold();
    this.#deps.log.info("guest.ready", { agent: link.agent.version, bootId: link.agent.bootId });
    this.#next.resolve(link);
  }

  #forget(): void {
    this.#link = undefined;
    this.#next = Promise.withResolvers();
    this.#next.promise.catch(() => {}); // as above
  }

  #renewHold(): void {
    this.#hold?.[Symbol.dispose]();
    this.#hold = this.#held ? this.#link?.holdLiveness() : undefined;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

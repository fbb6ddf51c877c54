/**
 * How long the parts of one start of a VM took, from the request until its agent is ready.
 *
 * Each step is what passed since the one before, so that together they are the whole; the parts of making a
 * machine are its driver's to tell.
 */

import type { MachineStep } from "../ports/machine.ts";

/**
 * Steps in the order in which they come, as far as a start has them:
 * `template`: what was asked for checked, and a template chosen; `admit`: the wait for room on the host; `disk` and
 * `record`: what is kept of it; `network`: what the host needs for it; `spawn`, `control` and `load`: the driver's, and
 * `machine` what is beside them; `retry`: a fork that was given up; `resume`: its vCPUs run; `running`: that is on
 * record; `boot` or `connect`: until its agent speaks, from nothing or from memory; `reidentify`, `prepare` and
 * `configure`: what its agent was told.
 */
export const START_STEPS = [
  "template",
  "admit",
  "disk",
  "record",
  "network",
  "retry",
  "spawn",
  "control",
  "load",
  "machine",
  "resume",
  "running",
  "boot",
  "connect",
  "reidentify",
  "prepare",
  "configure",
] as const;
export type StartStep = (typeof START_STEPS)[number];

/** Where its memory comes from: as `VmOrigin`, from a template ahead of the request, or its own that was kept. */
export type StartHow = "boot" | "commit" | "template" | "pool" | "fork" | "restore";

/** What a contact with an agent goes through, once in each session; `ready` ends a start. `over`: the session has ended. */
export type ContactStep = "contact" | "reidentify" | "prepare" | "configure" | "ready" | "over";

export interface TimedStep {
  readonly name: StartStep;
  readonly ms: number;
}

export class StartTrace {
  readonly begunAt = new Date();
  readonly #steps: TimedStep[] = [];
  #last = performance.now();
  #how: StartHow | undefined;
  #isReady = false;

  /** `undefined` until there is a machine */
  get how(): StartHow | undefined {
    return this.#how;
  }

  /** whether it came to its end; until then there are steps to come, or it failed */
  get isReady(): boolean {
    return this.#isReady;
  }

  get steps(): readonly TimedStep[] {
    return this.#steps;
  }

  /** the steps so far together, in `ms` */
  get totalMs(): number {
    return this.#steps.reduce((sum, { ms }) => sum + ms, 0);
  }

  /** What passed since the last step was this one. One that comes again, or after the end, is no part of the start. */
  took(name: StartStep): void {
    if (!this.#isReady && !this.#has(name)) this.#steps.push({ name, ms: this.#lap() });
  }

  /** What passed since the last step made a machine. @param parts what its driver says of that */
  tookMachine(how: StartHow, parts: readonly MachineStep[] = []): void {
    if (this.#isReady || this.#how !== undefined) return;
    this.#how = how;
    const told = parts.reduce((sum, { ms }) => sum + ms, 0);
    const rest = { name: "machine", ms: Math.max(0, this.#lap() - told) } as const;
    this.#steps.push(...parts, rest);
  }

  tookContact(step: Exclude<ContactStep, "over">): void {
    if (step === "ready") this.#isReady = true;
    else if (step !== "contact") this.took(step);
    else this.took(this.#how === "boot" || this.#how === "commit" ? "boot" : "connect");
  }

  #has(name: StartStep): boolean {
    return this.#steps.some((step) => step.name === name);
  }

  #lap(): number {
    const now = performance.now();
    const ms = now - this.#last;
    this.#last = now;
    return ms;
  }
}

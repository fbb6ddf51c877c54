/** Measures the steps in which a machine is made, one after the other. */

import type { MachineStep } from "#core/ports/machine.ts";

export class StepWatch {
  readonly #steps: MachineStep[] = [];
  #since = performance.now();

  get steps(): readonly MachineStep[] {
    return this.#steps;
  }

  /** What went on since the step before, or since this was made, was that. */
  ends(name: MachineStep["name"]): void {
    const now = performance.now();
    this.#steps.push({ name, ms: now - this.#since });
    this.#since = now;
  }
}

/** The starts of one VM: the last one is kept, in memory only, and told of when it is over. */

import type { MachineStep } from "../ports/machine.ts";
import { type ContactStep, type StartHow, type StartStep, StartTrace } from "./start-trace.ts";

export class VmStarts {
  readonly #onReady: (trace: StartTrace) => void;
  #last: StartTrace | undefined;
  #isNext: boolean;

  /**
   * @param first begun before the VM was on record; `undefined` for one that an earlier daemon made
   * @param onReady told of each start that comes to its end
   */
  constructor(first: StartTrace | undefined, onReady: (trace: StartTrace) => void) {
    this.#last = first;
    this.#isNext = first !== undefined;
    this.#onReady = onReady;
  }

  /** `undefined` when there was none under this daemon */
  get last(): StartTrace | undefined {
    return this.#last;
  }

  begin(): void {
    if (!this.#isNext) this.#last = new StartTrace();
    this.#isNext = false;
  }

  took(step: StartStep): void {
    this.#last?.took(step);
  }

  tookMachine(how: StartHow, parts: readonly MachineStep[] | undefined): void {
    this.#last?.tookMachine(how, parts);
  }

  tookContact(step: Exclude<ContactStep, "over">): void {
    const trace = this.#last;
    if (!trace || trace.isReady) return;
    trace.tookContact(step);
    if (trace.isReady) this.#onReady(trace);
  }
}

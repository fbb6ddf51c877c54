/** The commands that were run in one VM from this page, with what they wrote. A reload forgets them. */

import { client } from "../app/client.ts";
import { type Kept, PerVm } from "../app/per-vm.ts";
import { asError } from "../ui/as-error.ts";
import { TextLines } from "../ui/text-lines.ts";
import type { Exit } from "./run-outcome.ts";
import { requestOf, type RunForm } from "./run-request.ts";

/** commands whose output is kept; older ones that have ended go */
const MOST = 12;

export type RunState =
  | { readonly kind: "running" }
  | { readonly kind: "ended"; readonly exit: Exit }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly error: Error };

export interface Run {
  readonly id: number;
  readonly form: RunForm;
  readonly lines: TextLines;
  readonly state: RunState;
  /** ms since 1970 */
  readonly begunAt: number;
  readonly endedAt?: number;
}

export class Runs implements Kept {
  readonly #listeners = new Set<() => void>();
  readonly #cancels = new Map<number, AbortController>();
  readonly #group: string;
  readonly #hostname: string;
  #all: readonly Run[] = [];
  #lastId = 0;

  constructor(group: string, hostname: string) {
    this.#group = group;
    this.#hostname = hostname;
  }

  /** newest first */
  get all(): readonly Run[] {
    return this.#all;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** @returns its id */
  start(form: RunForm): number {
    this.#lastId += 1;
    const id = this.#lastId;
    const lines = new TextLines();
    const run: Run = { id, form, lines, state: { kind: "running" }, begunAt: Date.now() };
    const cancel = new AbortController();
    this.#cancels.set(id, cancel);
    const others = this.#all.filter(
      ({ state }, index) => state.kind === "running" || index < MOST - 1,
    );
    this.#set([run, ...others]);
    void this.#run(run, cancel.signal);
    return id;
  }

  /** Ends the process in the guest. */
  cancel(id: number): void {
    this.#cancels.get(id)?.abort();
  }

  get isIdle(): boolean {
    return this.#cancels.size === 0;
  }

  /** Cancels all. */
  end(): void {
    for (const cancel of this.#cancels.values()) cancel.abort();
  }

  async #run({ id, form, lines }: Run, signal: AbortSignal): Promise<void> {
    try {
      const vm = client.vms.attach(this.#group, this.#hostname);
      for await (const frame of vm.exec(requestOf(form), { signal })) {
        if (frame.stdout !== undefined) lines.write(frame.stdout);
        if (frame.stderr !== undefined) lines.write(frame.stderr, "text-log-error");
        if (frame.type === "exit") this.#end(id, { kind: "ended", exit: exitOf(frame) });
      }
    } catch (error) {
      if (signal.aborted) return this.#end(id, { kind: "cancelled" });
      this.#end(id, { kind: "failed", error: asError(error) });
    }
  }

  #end(id: number, state: RunState): void {
    this.#cancels.delete(id);
    const endedAt = Date.now();
    this.#set(this.#all.map((run) => (run.id === id ? { ...run, state, endedAt } : run)));
  }

  #set(all: readonly Run[]): void {
    this.#all = all;
    for (const listener of this.#listeners) listener();
  }
}

function exitOf(frame: {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly error?: string;
}): Exit {
  const { exitCode = 0, signal, error } = frame;
  return {
    exitCode,
    ...(signal === undefined ? {} : { signal }),
    ...(error === undefined ? {} : { error }),
  };
}

/** They go on when another page is shown. */
export const RUNS: PerVm<Runs> = new PerVm((group, hostname) => new Runs(group, hostname));

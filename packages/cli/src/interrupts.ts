/**
 * Ctrl-C and its relatives. The first one aborts the command's signal, and the command cleans up; a
 * second one leaves at once, after saying what may remain. Output that nobody reads any more (a
 * closed pipe) is an interruption too.
 */

import { exitCodeOfSignal } from "./exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Why the command's signal was aborted. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.exitCode = exitCodeOfSignal(signal);
  }
}

export class Interrupts {
  readonly #controller = new AbortController();
  readonly #say: (text: string) => void;
  #remains: string | undefined;

  private constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** @param say writes one line for the person at the terminal */
  static install(say: (text: string) => void): Interrupts {
    const interrupts = new Interrupts(say);
    for (const signal of SIGNALS) process.on(signal, () => interrupts.#onSignal(signal));
    process.stdout.on("error", (error) => interrupts.#onOutputError(error));
    process.stderr.on("error", () => undefined); // with nobody listening there is nothing to say
    return interrupts;
  }

  /** Aborted by the first interruption. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Says, if the person leaves without waiting, what was not cleaned up. `undefined`: nothing. */
  mayRemain(what: string | undefined): void {
    this.#remains = what;
  }

  #onSignal(signal: NodeJS.Signals): void {
    if (!this.signal.aborted) {
      this.#controller.abort(new Interrupted(signal));
      return;
    }
    if (this.#remains !== undefined) this.#say(this.#remains);
    process.exit(exitCodeOfSignal(signal));
  }

  #onOutputError(error: Error): void {
    const closed = "code" in error && error.code === "EPIPE";
    this.#controller.abort(closed ? new Interrupted("SIGPIPE") : error);
  }
}

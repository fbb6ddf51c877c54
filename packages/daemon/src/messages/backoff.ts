/** Trying again, with growing pauses, what depends on somebody else. */

import { pause } from "#lib/patience.ts";

import { isCode } from "./bounded-json.ts";

/** The server cannot be asked now, or says something that makes no sense. */
export class ServerTrouble extends Error {
  override readonly name = "ServerTrouble";
}

/** Attempts with growing pauses between them. */
export class Backoff {
  readonly #attempts: number;
  readonly #firstPauseMs: number;

  constructor(attempts: number, firstPauseMs: number) {
    this.#attempts = attempts;
    this.#firstPauseMs = firstPauseMs;
  }

  /** @throws ServerTrouble with the last failure as its cause; at once what `isFinal` names, and the signal's reason */
  async run<T>(
    attempt: () => Promise<T>,
    signal: AbortSignal,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    for (let number = 1; ; number += 1) {
      try {
        return await attempt();
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal(error)) throw error;
        if (number >= this.#attempts) throw asTrouble(error);
        await pause(this.#firstPauseMs * 2 ** (number - 1), signal);
      }
    }
  }
}

function asTrouble(error: unknown): ServerTrouble {
  if (error instanceof ServerTrouble) return error;
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = isCode(reason, "ECONNREFUSED") ? "nobody answers there" : String(reason);
  return new ServerTrouble(`The network's servers cannot be asked: ${code}`, { cause: error });
}

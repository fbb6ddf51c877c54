/**
 * Larger windows for a few copies out at a time.
 *
 * With a window of the ordinary size a guest often waits for credit that is still on its way. More for
 * every stream would let a guest fill the host's memory with what nobody reads; so a session has a few
 * to lend, and the copies beyond those do with the ordinary one.
 */

/** what a copy may have beyond the window of every stream */
const EXTRA_BYTES = 768 * 1024;
/** how many copies of one guest have it at a time: together 6 MiB */
const MAX_LENT = 8;

export class WideWindows {
  #lent = 0;

  /** @param until aborts when the stream is over @returns bytes of credit to grant at once; 0 when all are lent */
  lend(until: AbortSignal): number {
    if (until.aborted || this.#lent >= MAX_LENT) return 0;
    this.#lent += 1;
    until.addEventListener("abort", () => void (this.#lent -= 1), { once: true });
    return EXTRA_BYTES;
  }
}

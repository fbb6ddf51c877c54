/**
 * Looks for Enter, `~`, `.` among typed keys, as ssh does: the way out of a session whose other end
 * is stuck. `~~` sends one `~`.
 */

export interface Typed {
  /** what is to be sent on */
  readonly bytes: Buffer;
  /** the person asked to leave; what follows was dropped */
  readonly leave: boolean;
}

const TILDE = 0x7e;
const DOT = 0x2e;
const RETURN = 0x0d;
const NEWLINE = 0x0a;

export class EscapeWatch {
  /** the session's begin counts as a fresh line */
  #state: "within" | "fresh" | "tilde" = "fresh";

  pass(chunk: Uint8Array): Typed {
    const sent: number[] = [];
    for (const key of chunk) {
      if (this.#state === "tilde" && key === DOT) return { bytes: Buffer.from(sent), leave: true };
      if (this.#state === "fresh" && key === TILDE) {
        this.#state = "tilde"; // held back until the next key tells what it means
        continue;
      }
      if (this.#state === "tilde" && key !== TILDE) sent.push(TILDE);
      sent.push(key);
      this.#state = key === RETURN || key === NEWLINE ? "fresh" : "within";
    }
    return { bytes: Buffer.from(sent), leave: false };
  }
}

/**
 * A sign of life on standard error for what takes longer than a second: a moving line on a terminal,
 * one plain line elsewhere, nothing for what is quick.
 */

export interface ProgressTarget {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const QUIET_MS = 1_000;
const FRAME_MS = 125;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const ERASE_LINE = "\r\u001b[2K";

export class Progress implements Disposable {
  readonly #target: ProgressTarget;
  readonly #text: () => string;
  readonly #startedAtMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #frame = 0;
  #shown = false;

  /** @param text asked for at every redraw, so that it can count */
  constructor(target: ProgressTarget, text: () => string) {
    this.#target = target;
    this.#text = text;
    this.#timer = target.isTTY
      ? setInterval(() => this.#draw(), FRAME_MS)
      : setTimeout(() => this.#target.write(`${this.#text()}...\n`), QUIET_MS);
    this.#timer.unref();
  }

  /** Takes the line away again. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    if (this.#shown) this.#target.write(ERASE_LINE);
    this.#shown = false;
  }

  #draw(): void {
    const ms = performance.now() - this.#startedAtMs;
    if (ms < QUIET_MS) return;
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const line = `${FRAMES[this.#frame]} ${this.#text()} ${Math.floor(ms / 1000)}s`;
    this.#target.write(ERASE_LINE + line.slice(0, (this.#target.columns ?? 80) - 1));
    this.#shown = true;
  }
}

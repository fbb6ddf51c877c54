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
  readonly #title: string;
  readonly #detail: () => string;
  readonly #startedAtMs = Date.now();
  #timer: NodeJS.Timeout;
  #frame = 0;

  /** @param detail what changes, such as a count; asked for at every redraw */
  constructor(target: ProgressTarget, title: string, detail: () => string) {
    this.#target = target;
    this.#title = title;
    this.#detail = detail;
    this.#timer = setTimeout(() => this.#begin(), QUIET_MS).unref();
  }

  /** Takes the line away again. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    if (this.#frame > 0) this.#target.write(ERASE_LINE);
    this.#frame = 0;
  }

  #begin(): void {
    if (!this.#target.isTTY) {
      this.#target.write(`${this.#title} ...\n`);
      return;
    }
    this.#timer = setInterval(() => this.#draw(), FRAME_MS).unref();
    this.#draw();
  }

  #draw(): void {
    this.#frame += 1;
    const seconds = Math.floor((Date.now() - this.#startedAtMs) / 1000);
    const sign = FRAMES[this.#frame % FRAMES.length];
    const line = [sign, this.#title, this.#detail(), `${seconds}s`].filter(Boolean).join(" ");
    this.#target.write(ERASE_LINE + line.slice(0, (this.#target.columns ?? 80) - 1));
  }
}

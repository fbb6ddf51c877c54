/** Tells of damaged files, each version of one once. */

import type { Log } from "#core/ports/log.ts";

/** files that are remembered; beyond it the oldest may be told of again */
const MAX_REMEMBERED = 10_000;

export class DamageReport {
  readonly #log: Log;
  readonly #told = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param stamp of the file's version */
  tell(file: string, stamp: string, reason: string): void {
    if (this.#told.get(file) === stamp) return;
    this.#told.delete(file);
    this.#told.set(file, stamp);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
    this.#log.warn("messages.file_ignored", { file, reason });
  }
}

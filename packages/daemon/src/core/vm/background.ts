/** Work that no request waits for: its failure is logged, and the daemon's end waits for it. */

import type { Log } from "../ports/log.ts";

export class BackgroundWork {
  readonly #log: Log;
  readonly #tasks = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Never rejects.
   * @param event what a failure is logged as
   */
  run(hostname: string, event: string, work: () => Promise<void>): Promise<void> {
    const task = Promise.resolve()
      .then(work)
      .catch((error: unknown) => this.#log.warn(event, { hostname, error }))
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
    return task;
  }

  /** Resolves when what was begun before has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#tasks);
  }
}

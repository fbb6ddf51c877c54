/** Dear work of many askers, one piece in each turn of the event loop: in between, everybody else is served. */

/** askers that wait at a time */
const MAX_WAITING = 8_192;

export class OneATurn {
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** Resolves with `go` when it is the asker's turn, first come, first served; with `full` at once when too many wait. */
  async take(): Promise<"go" | "full"> {
    if (this.#waiting >= MAX_WAITING) return "full";
    this.#waiting += 1;
    this.#last = this.#last.then(nextTurn);
    await this.#last;
    this.#waiting -= 1;
    return "go";
  }
}

function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

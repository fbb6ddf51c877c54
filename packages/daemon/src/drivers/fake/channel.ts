/** A queue between one writer and one reader that makes the writer wait when it is full. */

import { unlessAborted } from "#lib/patience.ts";

/** items that may wait to be read */
const MAX_ITEMS = 16;

export class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #changed = Promise.withResolvers<void>();
  #closed = false;
  #failure: Error | undefined;

  /** Resolves when there was room; what comes after the end is dropped. */
  async push(item: T, signal: AbortSignal): Promise<void> {
    while (this.#items.length >= MAX_ITEMS && !this.#closed) {
      await unlessAborted(this.#changed.promise, signal);
    }
    if (this.#closed) return;
    this.#items.push(item);
    this.#notify();
  }

  /** No more items come; with a failure, the reader gets it after the items. */
  close(failure?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure = failure;
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#items.length > 0) {
        const [item] = this.#items.splice(0, 1);
        this.#notify();
        if (item !== undefined) yield item;
      }
      if (this.#failure) throw this.#failure;
      if (this.#closed) return;
      await this.#changed.promise;
    }
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

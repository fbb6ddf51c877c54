/** Tells whoever listens now; remembers nothing. */
export class Announcer<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Calls `listener` for every announcement until disposed. It must not throw and must not wait. */
  listen(listener: (value: T) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  announce(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
}

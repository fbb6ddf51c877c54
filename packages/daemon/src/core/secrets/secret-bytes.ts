/**
 * Bytes that must not be seen by chance: logs, error messages, JSON and the console show
 * `[secret]` in their place. There is one way to read them, and it can be searched for.
 */

const SHOWN = "[secret]";

export class SecretBytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** The bytes themselves, not a copy. For the vault that seals them and the guest that gets them. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  /** what `util.inspect` and `console.log` ask for; the core imports nothing of Node to name it */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}

/**
 * Bytes that arrive by themselves, to be read by one loop. Its fill is told to the sender, who must
 * stop when it is high; what was read makes room again.
 */

/** Above this many unread bytes the sender is asked to wait. */
const HIGH_WATER_BYTES = 64 * 1024;

export class ByteQueue<B extends Uint8Array> implements AsyncIterable<B> {
  readonly #chunks: B[] = [];
  readonly #onRoom: () => void;
  #bytes = 0;
  #ended = false;
  #discarding = false;
  #wake: (() => void) | undefined;

  /** @param onRoom called when there is room again after `push` said `wait` */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }

  push(chunk: B): "more" | "wait" {
    if (this.#discarding) return "more";
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wake?.();
    return this.#bytes < HIGH_WATER_BYTES ? "more" : "wait";
  }

  /** Nothing more comes; what is there can still be read. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Drops what is there and what comes: nobody reads any more, and nothing may wait for it. */
  discard(): void {
    this.#discarding = true;
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#onRoom();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<B> {
    while (true) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#taken(chunk.length);
        yield chunk;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  #taken(bytes: number): void {
    const wasHigh = this.#bytes >= HIGH_WATER_BYTES;
    this.#bytes -= bytes;
    if (wasHigh && this.#bytes < HIGH_WATER_BYTES) this.#onRoom();
  }
}

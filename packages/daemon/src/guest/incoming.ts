/**
 * What a guest sends on one stream, until somebody takes it.
 *
 * Bounded by the credit the guest was given: more is a broken stream, and credit
 * is given again only as the bytes are taken. Small pieces are put together, so
 * that a flood of tiny frames costs about as much memory as its bytes. All are copies: whoever takes one
 * owns it, and the chunk that it came in can be given back at once.
 */

import { BrokenStream } from "./frames.ts";

export type DataChannel = "DATA" | "DATA_ERR";

export interface Piece {
  readonly channel: DataChannel;
  readonly bytes: Uint8Array;
}

/** pieces of this size are kept apart; smaller ones are put together */
const KEPT_FROM_BYTES = 16 * 1024;
const MIN_BLOCK_BYTES = 1024;
/** beyond this, order between stdout and stderr is given up in favour of memory */
const ORDERED_BLOCKS = 64;

/** A piece in waiting; `room` is what may still be written behind `used`. */
interface Block {
  readonly channel: DataChannel;
  readonly bytes: Uint8Array;
  used: number;
  readonly growing: boolean;
}

export class Incoming {
  #windowBytes: number;
  readonly #grant: (bytes: number) => void;
  #creditBytes: number;
  #takenBytes = 0;
  #blocks: Block[] = [];
  #growing: Partial<Record<DataChannel, Block>> = {};
  #reader: PromiseWithResolvers<void> | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  #discarding = false;

  /** @param grant sends credit for so many bytes */
  constructor(windowBytes: number, grant: (bytes: number) => void) {
    this.#windowBytes = windowBytes;
    this.#creditBytes = windowBytes;
    this.#grant = grant;
  }

  /** Makes the window larger, and grants so much at once. */
  widen(bytes: number): void {
    if (bytes === 0 || this.#end) return;
    this.#windowBytes += bytes;
    this.#creditBytes += bytes;
    this.#grant(bytes);
  }

  /** Throws `BrokenStream` when the guest had no credit for it. */
  push(channel: DataChannel, bytes: Uint8Array): void {
    if (bytes.length > this.#creditBytes) throw new BrokenStream("more data than credited");
    this.#creditBytes -= bytes.length;
    if (this.#discarding || bytes.length === 0) return;
    if (this.#reader !== undefined || bytes.length >= KEPT_FROM_BYTES) {
      this.#blocks.push({
        channel,
        bytes: Buffer.from(bytes),
        used: bytes.length,
        growing: false,
      });
      delete this.#growing[channel]; // what comes after it must not be put before it
      this.#wakeReader();
    } else {
      this.#keepCopy(channel, bytes);
    }
  }

  /** Nothing more will come. @param error what readers get after the last piece, if anything */
  finish(error: Error | undefined): void {
    this.#end ??= { error };
    this.#wakeReader();
  }

  /** Forgets what was not taken, and whatever still comes. */
  discard(): void {
    this.#discarding = true;
    this.#blocks = [];
    this.#growing = {};
  }

  /** @returns the next piece, or `undefined` at the end; for one reader at a time */
  async take(): Promise<Piece | undefined> {
    for (;;) {
      const block = this.#blocks.shift();
      if (block) return this.#taken(block);
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return undefined;
      if (this.#reader) throw new Error("invariant: one reader at a time");
      this.#reader = Promise.withResolvers();
      await this.#reader.promise;
    }
  }

  #taken(block: Block): Piece {
    if (this.#growing[block.channel] === block) delete this.#growing[block.channel];
    this.#takenBytes += block.used;
    if (this.#takenBytes * 4 >= this.#windowBytes && !this.#end) {
      const bytes = this.#takenBytes;
      this.#takenBytes = 0;
      this.#creditBytes += bytes;
      this.#grant(bytes);
    }
    return { channel: block.channel, bytes: block.bytes.subarray(0, block.used) };
  }

  #keepCopy(channel: DataChannel, bytes: Uint8Array): void {
    const last = this.#blockFor(channel);
    const room = last === undefined ? 0 : last.bytes.length - last.used;
    const head = bytes.subarray(0, room);
    if (last) {
      last.bytes.set(head, last.used);
      last.used += head.length;
    }
    if (head.length < bytes.length) this.#startBlock(channel, bytes.subarray(head.length));
  }

  /** the block that a small piece may be added to */
  #blockFor(channel: DataChannel): Block | undefined {
    if (this.#blocks.length >= ORDERED_BLOCKS) return this.#growing[channel];
    const last = this.#blocks.at(-1);
    return last?.growing === true && last.channel === channel ? last : undefined;
  }

  #startBlock(channel: DataChannel, bytes: Uint8Array): void {
    const crowded = this.#blocks.length >= ORDERED_BLOCKS;
    const size = crowded ? KEPT_FROM_BYTES : Math.max(bytes.length * 2, MIN_BLOCK_BYTES);
    const block = { channel, bytes: new Uint8Array(size), used: bytes.length, growing: true };
    block.bytes.set(bytes);
    this.#blocks.push(block);
    this.#growing[channel] = block;
  }

  #wakeReader(): void {
    this.#reader?.resolve();
    this.#reader = undefined;
  }
}

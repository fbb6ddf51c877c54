/**
 * The sending half of the channel: frames go out in the order of the calls.
 *
 * Small frames never wait: they are few, and a peer that does not read them at
 * all ends the session. Bulk data waits until the socket has taken what it got.
 */

import type { Duplex } from "node:stream";

import { giveBack } from "#lib/give-back.ts";
import { unlessAborted } from "#lib/patience.ts";

import { BrokenStream, encodeFrame, MAX_PAYLOAD_BYTES } from "./frames.ts";

/** data is held back while the socket has this much to send */
const CLEAR_BELOW_BYTES = 256 * 1024;
/** a guest that leaves this much unread does not read any more; 64 of the largest requests are half of it */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;

export class Wire {
  readonly #socket: Duplex;
  #waiting: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("drain", () => this.wake());
  }

  /** whether bulk data may be sent now */
  get isClear(): boolean {
    return this.#socket.writableLength < CLEAR_BELOW_BYTES;
  }

  /** Resolves when data may be sent, or the channel is closed. Rejects with the signal's reason. */
  async whenClear(signal: AbortSignal): Promise<void> {
    if (this.isClear || this.#socket.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await unlessAborted(promise, signal);
  }

  /** Sends at once. A guest that has not read for far too long costs it the channel. */
  send(frame: Uint8Array): void {
    if (this.#socket.writableLength > MAX_BACKLOG_BYTES) {
      this.#socket.destroy(new BrokenStream("the agent does not read"));
    }
    if (this.#socket.writable) this.#socket.write(frame);
  }

  /**
   * Sends bytes as DATA frames, in one system call where possible. They are copied: what is being
   * sent is then ours to give back, and the bytes are the caller's again.
   */
  sendData(stream: number, bytes: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#socket.cork();
    for (let at = 0; at < bytes.length; at += MAX_PAYLOAD_BYTES) {
      const frame = encodeFrame("DATA", stream, bytes.subarray(at, at + MAX_PAYLOAD_BYTES));
      this.#socket.write(frame, () => giveBack(frame));
    }
    this.#socket.uncork();
  }

  /** Lets everybody who waits look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }
}

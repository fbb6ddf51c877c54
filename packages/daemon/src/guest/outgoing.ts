/**
 * What the host sends on one stream: waits for the guest's credit and for the
 * socket, and keeps the order of the writes.
 */

import { unlessAborted } from "#lib/patience.ts";

import { BrokenStream, encodeFrame } from "./frames.ts";
import type { Wire } from "./wire.ts";

/** one turn on the wire; other streams may go between two */
const TURN_BYTES = 256 * 1024;
/** more than any guest can mean */
const MAX_CREDIT_BYTES = 2 ** 40;

const DONE = Promise.resolve();

export class Outgoing {
  readonly #stream: number;
  readonly #wire: Wire;
  readonly #windowBytes: number;
  #creditBytes: number;
  #unfinishedWrites = 0;
  #lastWrite = DONE;
  #credited: PromiseWithResolvers<void> | undefined;
  #ended = false;
  #stopped: { readonly error: Error | undefined } | undefined;

  constructor(stream: number, wire: Wire, windowBytes: number) {
    this.#stream = stream;
    this.#wire = wire;
    this.#windowBytes = windowBytes;
    this.#creditBytes = windowBytes;
  }

  /**
   * Resolves once all bytes are on their way; until then they must not be changed. Bytes for a
   * stream that is over are dropped. Rejects with the signal's reason, or if the session broke.
   */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#unfinishedWrites === 0 && this.#goesAtOnce(bytes, signal)) {
      this.#send(bytes);
      return DONE;
    }
    this.#unfinishedWrites += 1;
    const written = this.#lastWrite
      .then(() => this.#writeAll(bytes, signal))
      .finally(() => {
        this.#unfinishedWrites -= 1;
      });
    this.#lastWrite = written.catch(() => undefined); // its writer is told; the next one need not be
    return unlessAborted(written, signal);
  }

  /** No more bytes after those written so far. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#unfinishedWrites === 0) this.#sendEnd();
    else void this.#lastWrite.then(() => this.#sendEnd());
  }

  grant(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#creditBytes > MAX_CREDIT_BYTES) throw new BrokenStream("credit beyond all measure");
    this.#wake();
  }

  /** The stream is over. @param error what writers get; `undefined` lets them finish as if all was sent */
  stop(error: Error | undefined): void {
    this.#stopped ??= { error };
    this.#wake();
    this.#wire.wake();
  }

  async #writeAll(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      signal.throwIfAborted();
      if (this.#stopped?.error) throw this.#stopped.error;
      if (this.#stopped) return;
      const allowed = this.#allowance(bytes.length - at);
      if (allowed === 0) {
        await this.#credit(signal);
      } else if (!this.#wire.isClear) {
        await this.#wire.whenClear(signal);
      } else {
        this.#send(bytes.subarray(at, at + allowed));
        at += allowed;
      }
    }
  }

  /** how much may go in one turn; waits for a good part of the window rather than send crumbs */
  #allowance(wanted: number): number {
    const worthwhile = Math.min(wanted, this.#windowBytes / 4);
    if (this.#creditBytes < worthwhile) return 0;
    return Math.min(wanted, this.#creditBytes, TURN_BYTES);
  }

  #goesAtOnce(bytes: Uint8Array, signal: AbortSignal): boolean {
    if (signal.aborted || this.#stopped || !this.#wire.isClear) return false;
    return this.#allowance(bytes.length) === bytes.length;
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#creditBytes -= bytes.length;
    this.#wire.sendData(this.#stream, bytes);
  }

  #sendEnd(): void {
    if (!this.#stopped) this.#wire.send(encodeFrame("END", this.#stream));
  }

  async #credit(signal: AbortSignal): Promise<void> {
    this.#credited ??= Promise.withResolvers();
    await unlessAborted(this.#credited.promise, signal);
  }

  #wake(): void {
    this.#credited?.resolve();
    this.#credited = undefined;
  }
}

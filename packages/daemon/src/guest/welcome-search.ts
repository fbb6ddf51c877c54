/**
 * Finds the WELCOME with our nonce in a stream of which nothing is known.
 *
 * Holds the last few bytes until it is found, then the one frame until it is whole.
 */

import {
  BrokenStream,
  encodeFrame,
  encodeHeader,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
} from "./frames.ts";

/** what a guest may send before the WELCOME; docs/guest-protocol.md, section 5 */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

const AWAKE = encodeFrame("AWAKE", 0);
/** type and stream of a WELCOME; its length is not known */
const WELCOME_START = encodeHeader("WELCOME", 0, 0).subarray(0, 5);

export class WelcomeSearch {
  readonly #nonce: Buffer;
  /** what may be the beginning of the header and nonce, or the WELCOME so far */
  #held: Buffer = Buffer.alloc(0);
  #discardedBytes = 0;
  #found = false;
  #endsAwake = false;

  constructor(nonce: Buffer) {
    this.#nonce = nonce;
  }

  /** whether the last thing discarded was an AWAKE: the agent has no session */
  get endsAwake(): boolean {
    return this.#endsAwake;
  }

  /**
   * @returns the WELCOME and what came behind it, once it is complete
   * Throws `BrokenStream` after too much else.
   */
  push(chunk: Buffer): Buffer | undefined {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const start = this.#found ? 0 : this.#find(bytes);
    if (start === undefined) {
      this.#discard(bytes);
      return undefined;
    }
    this.#found = true;
    const welcome = bytes.subarray(start);
    if (welcome.length >= HEADER_BYTES + welcome.readUIntLE(5, 3)) return welcome;
    this.#held = welcome;
    return undefined;
  }

  #find(bytes: Buffer): number | undefined {
    let from = HEADER_BYTES;
    for (;;) {
      const nonceAt = bytes.indexOf(this.#nonce, from);
      if (nonceAt < 0) return undefined;
      const start = nonceAt - HEADER_BYTES;
      if (this.#isWelcome(bytes.subarray(start, nonceAt))) return start;
      from = nonceAt + 1;
    }
  }

  #isWelcome(header: Buffer): boolean {
    const length = header.readUIntLE(5, 3);
    const type = header.subarray(0, WELCOME_START.length);
    return (
      type.equals(WELCOME_START) && length >= this.#nonce.length && length <= MAX_PAYLOAD_BYTES
    );
  }

  #discard(bytes: Buffer): void {
    const kept = Math.min(bytes.length, HEADER_BYTES + this.#nonce.length - 1);
    this.#discardedBytes += bytes.length - kept;
    if (this.#discardedBytes > MAX_DISCARDED_BYTES) {
      throw new BrokenStream("the agent sends much, but no WELCOME");
    }
    this.#held = Buffer.from(bytes.subarray(bytes.length - kept));
    this.#endsAwake = this.#held.subarray(-AWAKE.length).equals(AWAKE);
  }
}

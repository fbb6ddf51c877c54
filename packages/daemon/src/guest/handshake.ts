/**
 * HELLO and WELCOME: agreeing where frames begin (docs/guest-protocol.md, section 2).
 *
 * The agent may still be booting, or stand in the middle of a frame of an earlier
 * daemon; what comes from it may be the rest of an earlier session. So HELLO is
 * repeated, after enough padding to end any frame, and everything is thrown away
 * until the WELCOME that carries our nonce.
 */

import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";

import { AlcoveError } from "#core/errors.ts";
import { settlesWithin, unlessAborted } from "#lib/patience.ts";

import { parseFields } from "./fields.ts";
import {
  BrokenStream,
  encodeFrame,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
  RESYNC_PADDING_BYTES,
} from "./frames.ts";
import { protocolOf, readWelcome, type Welcome } from "./replies.ts";
import { helloMessage, PROTOCOL_VERSION } from "./requests.ts";
import { WelcomeSearch } from "./welcome-search.ts";

export const NONCE_BYTES = 16;

const FIRST_PATIENCE_MS = 200;
const PATIENCE_MS = 1_000;
/** an AWAKE sooner after a HELLO than this crossed it */
const AWAKE_CROSSES_MS = 20;

/** The channel ended before there was a session: the agent, or who carries it, was restarted. */
export class ChannelClosed extends Error {
  override readonly name = "ChannelClosed";
}

export interface Agreement {
  readonly welcome: Welcome;
  /** further WELCOMEs with this nonce answer repeated HELLOs and mean nothing */
  readonly nonce: Buffer;
}

export interface HelloTerms {
  /** what the guest may send on each stream before the host grants more */
  readonly windowBytes: number;
  readonly now: () => Date;
}

/**
 * Resolves once the guest has welcomed us; the socket is then paused, its next byte the first of a frame.
 * Rejects with the signal's reason, `ChannelClosed`, `BrokenStream`, or an `AlcoveError` when the
 * agent speaks another protocol. The socket is the caller's to close.
 */
export async function agree(
  socket: Duplex,
  terms: HelloTerms,
  signal: AbortSignal,
): Promise<Agreement> {
  const nonce = randomBytes(NONCE_BYTES);
  using attempt = new Attempt(socket, nonce, terms);
  attempt.sayHello();
  let patienceMs = FIRST_PATIENCE_MS;
  while (!(await unlessAborted(settlesWithin(attempt.welcomed, patienceMs), signal))) {
    attempt.insist();
    patienceMs = PATIENCE_MS;
  }
  const payload = await attempt.welcomed;
  return { welcome: understood(payload), nonce };
}

function understood(welcomePayload: Uint8Array): Welcome {
  const fields = parseFields(welcomePayload.subarray(NONCE_BYTES));
  const protocol = protocolOf(fields);
  if (protocol === PROTOCOL_VERSION) return readWelcome(fields);
  const sentence = `The agent speaks guest protocol ${protocol}, this daemon speaks ${PROTOCOL_VERSION}`;
  throw new AlcoveError("guest_refused", sentence, { reason: "unsupported" });
}

/** The listening and the repeating; disposing it leaves the socket paused and without our listeners. */
class Attempt implements Disposable {
  /** the payload of the WELCOME */
  readonly welcomed: Promise<Uint8Array>;
  readonly #socket: Duplex;
  readonly #nonce: Buffer;
  readonly #terms: HelloTerms;
  readonly #search: WelcomeSearch;
  readonly #welcomed = Promise.withResolvers<Uint8Array>();
  #saidHelloAt = 0;

  constructor(socket: Duplex, nonce: Buffer, terms: HelloTerms) {
    this.#socket = socket;
    this.#nonce = nonce;
    this.#terms = terms;
    this.#search = new WelcomeSearch(nonce);
    this.welcomed = this.#welcomed.promise;
    this.welcomed.catch(() => undefined); // seen by `agree`, unless its signal aborted first
    socket.on("data", this.#onData).on("close", this.#onClose).on("error", this.#onError);
  }

  sayHello(): void {
    const { windowBytes, now } = this.#terms;
    const hello = Buffer.from(JSON.stringify(helloMessage(windowBytes, now())));
    this.#saidHelloAt = performance.now();
    this.#socket.write(encodeFrame("HELLO", 0, Buffer.concat([this.#nonce, hello])));
  }

  /** Ends whatever frame the guest may be reading, and says HELLO again. */
  insist(): void {
    if (this.#socket.writableLength > 0) return; // nobody has read the last one yet
    this.#socket.write(Buffer.alloc(RESYNC_PADDING_BYTES));
    this.sayHello();
  }

  [Symbol.dispose](): void {
    this.#socket.pause();
    this.#socket.off("data", this.#onData).off("close", this.#onClose).off("error", this.#onError);
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      const found = this.#search.push(chunk);
      if (found) this.#finish(found);
      else if (this.#search.endsAwake) this.#onAwake();
    } catch (error) {
      this.#welcomed.reject(error);
    }
  };

  readonly #onClose = (): void => {
    this.#welcomed.reject(new ChannelClosed("the agent's channel was closed"));
  };

  readonly #onError = (cause: Error): void => {
    this.#welcomed.reject(new ChannelClosed("the agent's channel failed", { cause }));
  };

  #finish(found: Buffer): void {
    const length = found.readUIntLE(5, 3);
    if (length > MAX_PAYLOAD_BYTES) throw new BrokenStream(`a WELCOME of ${length} bytes`);
    const rest = found.subarray(HEADER_BYTES + length);
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#welcomed.resolve(found.subarray(HEADER_BYTES, HEADER_BYTES + length));
  }

  #onAwake(): void {
    if (this.#socket.writableLength > 0) return; // it has not read the last one: no pile of them for it
    if (performance.now() - this.#saidHelloAt > AWAKE_CROSSES_MS) this.sayHello();
  }
}

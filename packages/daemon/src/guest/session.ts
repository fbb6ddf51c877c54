/**
 * One agreed session with an agent: the table of its streams, and its end.
 *
 * Everything that can end it (the channel closed, the guest broke the protocol,
 * the agent restarted, silence, disposal) goes through `#end`, once; every stream
 * is then told with a `SessionLost`. It knows frames, not what they are for.
 */

import type { Duplex } from "node:stream";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import { type GuestIdentity, SessionLost } from "#core/ports/guest-link.ts";
import { giveBack } from "#lib/give-back.ts";

import {
  BrokenStream,
  encodeFrame,
  type Frame,
  FrameDecoder,
  MAX_PAYLOAD_BYTES,
} from "./frames.ts";
import { agree, type Agreement, type HelloTerms, NONCE_BYTES } from "./handshake.ts";
import { Liveness } from "./liveness.ts";
import { type Call, GuestStream, type Windows } from "./stream.ts";
import { WideWindows } from "./wide-windows.ts";
import { Wire } from "./wire.ts";

/** docs/guest-protocol.md, section 5 */
const MAX_STREAMS = 64;
const MAX_STREAM_ID = 2 ** 32 - 1;
/** units of work (`noiseOf`) that a guest may cause between two ticks without moving data: more is a flood */
const MAX_NOISE = 100_000;

export interface SessionTerms extends HelloTerms {
  /** length of a liveness tick in `ms` (`liveness.ts`) */
  readonly tickMs: number;
}

/** A stream as the session sees it. */
type Peer = Pick<GuestStream<unknown, unknown>, "accept" | "lose">;

export class Session implements AsyncDisposable {
  readonly identity: GuestIdentity;
  /** settles once, with the reason, when the session is over; never rejects */
  readonly closed: Promise<SessionLost>;
  readonly wideWindows = new WideWindows();
  readonly #socket: Duplex;
  readonly #nonce: Buffer;
  readonly #windows: Windows;
  readonly #wire: Wire;
  readonly #liveness: Liveness;
  readonly #decoder = new FrameDecoder((frame) => this.#accept(frame));
  readonly #streams = new Map<number, Peer>();
  readonly #closed = Promise.withResolvers<SessionLost>();
  readonly #gone = Promise.withResolvers<void>();
  #lastId = 0;
  #noise = 0;
  #lost: SessionLost | undefined;

  private constructor(socket: Duplex, { welcome, nonce }: Agreement, terms: SessionTerms) {
    this.identity = welcome.identity;
    this.closed = this.#closed.promise;
    this.#socket = socket;
    this.#nonce = nonce;
    this.#windows = { fromGuest: terms.windowBytes, toGuest: welcome.windowBytes };
    this.#wire = new Wire(socket);
    this.#liveness = new Liveness({
      tickMs: terms.tickMs,
      ping: (payload) => this.#wire.send(encodeFrame("PING", 0, payload)),
      lost: () => this.#end("the agent does not answer"),
      tick: () => {
        this.#noise = 0;
      },
    });
  }

  /**
   * Agrees on a session over a connected channel, which is then the session's; if this rejects, it
   * remains the caller's. Rejections: see `agree`.
   */
  static async open(socket: Duplex, terms: SessionTerms, signal: AbortSignal): Promise<Session> {
    const agreement = await agree(socket, terms, signal);
    const session = new Session(socket, agreement, terms);
    session.#listen();
    return session;
  }

  /** Throws when the session is over, the request too large, or too many streams are open. */
  open<Started, Result>(call: Call<Started, Result>): GuestStream<Started, Result> {
    if (this.#lost) throw this.#lost;
    const payload = Buffer.from(JSON.stringify(call.request));
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw invalidRequest("", `the request does not fit into ${MAX_PAYLOAD_BYTES} bytes`);
    }
    if (this.#streams.size >= MAX_STREAMS) {
      const reason = { reason: "busy" } as const;
      throw new AlcoveError("guest_refused", `The guest is doing ${MAX_STREAMS} things`, reason);
    }
    this.#lastId += 1;
    if (this.#lastId > MAX_STREAM_ID) throw this.#end("all stream numbers have been used");
    const stream = new GuestStream(this.#lastId, call, this.#wire, this.#windows);
    this.#streams.set(stream.id, stream);
    this.#wire.send(encodeFrame("OPEN", stream.id, payload));
    return stream;
  }

  /** Ends the session because the guest said what cannot be. */
  breach(problem: string): SessionLost {
    return this.#end("the agent broke the protocol", new BrokenStream(problem));
  }

  get latencyMs(): number | undefined {
    return this.#liveness.latencyMs;
  }

  /** how many streams are open, those that were cancelled and not closed yet too */
  get openStreams(): number {
    return this.#streams.size;
  }

  holdLiveness(): Disposable {
    return this.#liveness.hold();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end("the session was closed");
    await this.#gone.promise;
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("error", (error) => this.#end("the agent's channel failed", error));
    socket.on("close", () => {
      this.#end("the agent's channel was closed");
      this.#gone.resolve();
    });
    socket.on("end", () => this.#end("the agent's channel was closed"));
    socket.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    // It may have ended between the WELCOME and now, when nobody listened.
    if (socket.destroyed) this.#end("the agent's channel was closed");
    if (socket.closed) this.#gone.resolve();
    socket.resume();
  }

  #onData(chunk: Uint8Array): void {
    if (this.#lost) return;
    this.#liveness.heard();
    try {
      this.#decoder.push(chunk);
      this.#countNoise(this.#decoder.takePaddingCount());
      giveBack(chunk); // what somebody still needs of it was copied
    } catch (error) {
      if (!(error instanceof BrokenStream)) throw error;
      this.#end("the agent broke the protocol", error);
    }
  }

  #accept(frame: Frame): void {
    if (this.#lost) return;
    if (frame.stream === 0) {
      this.#onConnectionFrame(frame);
      return;
    }
    const stream = this.#streams.get(frame.stream);
    if (!stream) {
      this.#onStray(frame);
      return;
    }
    // Data is bounded by credit, unless it is empty; the rest only by how much of it makes sense.
    const isData = frame.type === "DATA" || frame.type === "DATA_ERR";
    if (!isData || frame.payload.length === 0) this.#countNoise(noiseOf(frame));
    if (stream.accept(frame) === "closed") this.#streams.delete(frame.stream);
  }

  #onConnectionFrame(frame: Frame): void {
    const { type, payload } = frame;
    this.#countNoise(noiseOf(frame));
    if (type === "PING" && payload.length !== 8)
      throw new BrokenStream("a PING that is not 8 bytes");
    if (type === "PING") {
      // One that does not read gets no answers piled up for it.
      if (this.#wire.isClear) this.#wire.send(encodeFrame("PONG", 0, payload));
    } else if (type === "PONG") {
      this.#liveness.pong(payload);
    } else if (type === "AWAKE") {
      this.#end("the agent was restarted");
    } else if (type !== "WELCOME" || !this.#nonce.equals(payload.subarray(0, NONCE_BYTES))) {
      // A WELCOME with our nonce answers a HELLO that had been repeated.
      throw new BrokenStream(`a ${type} frame on stream 0`);
    }
  }

  /** Frames for a stream that is over crossed something of ours; others were never asked for. */
  #onStray(frame: Frame): void {
    if (frame.stream > this.#lastId) {
      throw new BrokenStream(`a ${frame.type} frame for stream ${frame.stream}, which never was`);
    }
    this.#countNoise(noiseOf(frame));
  }

  #countNoise(amount: number): void {
    this.#noise += amount;
    if (this.#noise > MAX_NOISE) throw new BrokenStream("a flood of frames without data");
  }

  #end(reason: string, cause?: Error): SessionLost {
    if (this.#lost) return this.#lost;
    const lost = new SessionLost(reason, cause ? { cause } : undefined);
    this.#lost = lost;
    this.#liveness[Symbol.dispose]();
    this.#socket.destroy();
    for (const stream of this.#streams.values()) stream.lose(lost);
    this.#streams.clear();
    this.#wire.wake();
    this.#closed.resolve(lost);
    return lost;
  }
}

/** What a frame costs the host: one, and one more for each 256 bytes to be read. A byte of padding costs one. */
function noiseOf({ payload }: Frame): number {
  return 1 + (payload.length >> 8);
}

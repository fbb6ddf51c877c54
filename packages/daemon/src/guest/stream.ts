/**
 * One stream of a session: a request, its data in both directions, and its one result.
 *
 * It lives in the session's table until the guest's CLOSE, also when it was
 * cancelled: only then is it certain that nothing more comes for its number.
 */

import type { Fields } from "./fields.ts";
import { parseFields } from "./fields.ts";
import { BrokenStream, encodeFrame, type Frame } from "./frames.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { refusalIn } from "./replies.ts";
import type { Request } from "./requests.ts";
import type { Wire } from "./wire.ts";

/** A request, and how to read what the guest says to it. Readers throw `BrokenStream`. */
export interface Call<Started, Result> {
  readonly request: Request;
  /** reads the event that says it has begun; absent when there is none */
  readonly started?: (event: Fields) => Started;
  readonly result: (reply: Fields) => Result;
}

/** Credit at the beginning, each way, in bytes. */
export interface Windows {
  readonly fromGuest: number;
  readonly toGuest: number;
}

export class GuestStream<Started, Result> {
  readonly id: number;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  /** the first event; rejects with the refusal, or if the session broke first */
  readonly started: Promise<Started>;
  /** the result; rejects with the refusal, or if the session broke first */
  readonly closed: Promise<Result>;
  readonly #wire: Wire;
  readonly #call: Call<Started, Result>;
  readonly #started = Promise.withResolvers<Started>();
  readonly #closed = Promise.withResolvers<Result>();
  readonly #over = new AbortController();
  #hasStarted = false;
  #cancelled = false;
  #endSeen = false;

  constructor(id: number, call: Call<Started, Result>, wire: Wire, windows: Windows) {
    this.id = id;
    this.#call = call;
    this.#wire = wire;
    this.incoming = new Incoming(windows.fromGuest, (bytes) => this.#grant(bytes));
    this.outgoing = new Outgoing(id, wire, windows.toGuest);
    this.started = this.#started.promise;
    this.closed = this.#closed.promise;
    // Whoever asks is told; a stream that was cancelled or only started may have nobody left to ask.
    this.started.catch(() => undefined);
    this.closed.catch(() => undefined);
  }

  /** aborts when the stream is over, however it ended */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  control(message: Request): void {
    if (this.#over.signal.aborted || this.#cancelled) return;
    this.#wire.send(encodeFrame("CONTROL", this.id, Buffer.from(JSON.stringify(message))));
  }

  /** Asks the guest to stop; what it still sends is dropped. Harmless when the stream is over. */
  cancel(): void {
    if (this.#over.signal.aborted || this.#cancelled) return;
    this.#cancelled = true;
    this.incoming.discard();
    this.outgoing.stop(undefined);
    this.#wire.send(encodeFrame("CANCEL", this.id));
  }

  /** The session hands over a frame of this stream. Throws `BrokenStream`. */
  accept({ type, payload }: Frame): "open" | "closed" {
    if (type === "DATA" || type === "DATA_ERR") {
      if (this.#endSeen) throw new BrokenStream("data after the end");
      this.incoming.push(type, payload);
    } else if (type === "CREDIT") {
      this.outgoing.grant(creditIn(payload));
    } else if (type === "EVENT") {
      this.#onEvent(payload);
    } else if (type === "END") {
      this.#endSeen = true;
      this.incoming.finish(undefined);
    } else if (type === "CLOSE") {
      this.#onClose(parseFields(payload));
      return "closed";
    } else {
      throw new BrokenStream(`a ${type} frame on stream ${this.id}`);
    }
    return "open";
  }

  /** The session is over; everybody who waits is told. */
  lose(error: Error): void {
    this.#finish(error);
    this.#closed.reject(error);
  }

  #onEvent(payload: Uint8Array): void {
    const fields = parseFields(payload);
    if (this.#hasStarted || !this.#call.started) return; // of a kind that this version does not know
    this.#hasStarted = true;
    this.#started.resolve(this.#call.started(fields));
  }

  #onClose(reply: Fields): void {
    const refusal = refusalIn(reply);
    if (refusal) {
      this.#finish(refusal);
      this.#closed.reject(refusal);
      return;
    }
    if (this.#call.started && !this.#hasStarted) {
      throw new BrokenStream("a result of something that never started");
    }
    const result = this.#call.result(reply);
    this.#finish(undefined);
    this.#closed.resolve(result);
  }

  #finish(error: Error | undefined): void {
    this.#started.reject(error ?? new Error("invariant: a result comes after the start"));
    this.incoming.finish(error);
    this.outgoing.stop(error);
    this.#over.abort();
  }

  #grant(bytes: number): void {
    if (this.#cancelled) return;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(bytes);
    this.#wire.send(encodeFrame("CREDIT", this.id, payload));
  }
}

function creditIn(payload: Uint8Array): number {
  if (payload.length !== 4) throw new BrokenStream(`credit of ${payload.length} bytes`);
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0, true);
}

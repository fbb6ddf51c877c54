/**
 * Connections inside a fake guest. One service listens there: the echo service of RFC 862, on its
 * own port, which sends back what it gets until it gets no more.
 */

import type { ConnectionEnd, GuestConnection, GuestTarget } from "#core/ports/guest-connection.ts";

import { Channel } from "./channel.ts";
import { refusal } from "./refusal.ts";

const ECHO_PORT = 7;
const HERE: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/** @param over aborts when the session is over */
export function connect(target: GuestTarget, over: AbortSignal): GuestConnection {
  if (target.kind === "unix") throw refusal("not_found", `${target.path} does not exist`);
  const { host, port } = target;
  if (HERE.has(host) && port === ECHO_PORT) return new EchoConnection(over);
  throw refusal("io", `${host}:${port}: a fake guest has nobody who listens there`);
}

class EchoConnection implements GuestConnection {
  readonly output: AsyncIterable<Uint8Array>;
  readonly ended: Promise<ConnectionEnd>;
  readonly #echo = new Channel<Uint8Array>();
  readonly #end = Promise.withResolvers<ConnectionEnd>();
  readonly #over = new AbortController();
  readonly #either: AbortSignal;
  #bytes = 0;

  constructor(over: AbortSignal) {
    this.output = this.#echo;
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined); // whoever asked for the end is told; nobody has to ask
    this.#either = AbortSignal.any([this.#over.signal, over]);
    const cut = () => this.#cut(this.#either.reason);
    if (over.aborted) cut();
    else this.#either.addEventListener("abort", cut, { once: true });
  }

  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#bytes += bytes.length;
    await this.#echo.push(Uint8Array.from(bytes), signal);
  }

  endInput(): void {
    this.#echo.close();
    this.#end.resolve({ sentBytes: this.#bytes, receivedBytes: this.#bytes });
  }

  cancel(): void {
    this.#over.abort(refusal("cancelled", "The connection was cancelled"));
  }

  #cut(reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    this.#echo.close(error);
    this.#end.reject(error);
  }
}

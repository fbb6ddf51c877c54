/** A connection inside a guest, as the stream that Node's HTTP client wants. */

import { Duplex } from "node:stream";

import type { GuestConnection } from "#core/ports/guest-connection.ts";

export class GuestSocket extends Duplex {
  readonly #connection: GuestConnection;
  readonly #output: AsyncIterator<Uint8Array>;
  readonly #over = new AbortController();

  constructor(connection: GuestConnection) {
    super();
    this.#connection = connection;
    this.#output = connection.output[Symbol.asyncIterator]();
    connection.ended.catch(() => {}); // the stream's own ends say the same
  }

  override _read(): void {
    this.#output.next().then(
      ({ done, value }) => this.push(done === true ? null : Buffer.from(value)),
      (error: unknown) => this.destroy(asError(error)),
    );
  }

  override _write(piece: Buffer, _encoding: string, written: (error?: Error | null) => void): void {
    void this.#send(piece).then(written);
  }

  override _final(done: () => void): void {
    this.#connection.endInput();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#over.abort(new Error("the connection is over"));
    this.#connection.cancel();
    done(error);
  }

  /** @returns what went wrong. A copy is sent: what was handed in is not ours once it is said to be written. */
  async #send(piece: Buffer): Promise<Error | undefined> {
    try {
      await this.#connection.write(Buffer.from(piece), this.#over.signal);
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

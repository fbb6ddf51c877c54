/**
 * One request under way: its answer as a stream, and the one reason why it failed when several
 * things fail at once.
 */

import type { ClientRequest, IncomingMessage } from "node:http";

import { AlcoveConnectionError, systemCode } from "../errors.ts";
import type { Answer } from "../wire.ts";

/** One answer being read. */
export class Exchange implements Answer<Buffer> {
  readonly #response: IncomingMessage;
  readonly #request: ClientRequest;
  readonly #failures: Failures;

  constructor(request: ClientRequest, response: IncomingMessage, failures: Failures) {
    this.#request = request;
    this.#response = response;
    this.#failures = failures;
    // Without a listener an answer that breaks off before it is read would end the program.
    response.on("error", (error) => failures.noteWire(error));
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  /** The first value of a header. */
  header(name: string): string | undefined {
    const value = this.#response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    try {
      const bytes: AsyncIterable<Buffer> = this.#response;
      for await (const chunk of bytes) yield chunk;
    } catch (error) {
      if (error instanceof Error) this.#failures.noteWire(error);
      throw this.#failures.reason();
    }
  }

  close(): void {
    this.#request.destroy();
  }
}

/** Why an exchange failed, when several things fail at once: the abort, then the body, then the wire. */
export class Failures {
  readonly #endpoint: string;
  readonly #signal: AbortSignal;
  #body: Error | undefined;
  #wire: Error | undefined;

  constructor(endpoint: string, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#signal = signal;
  }

  /** A body is also destroyed, with the same error, because the wire failed: only the first counts. */
  noteBody(error: Error): void {
    if (!this.#wire && systemCode(error) !== "ERR_STREAM_PREMATURE_CLOSE") this.#body ??= error;
  }

  noteWire(error: Error): void {
    this.#wire ??= error;
  }

  reason(): unknown {
    if (this.#signal.aborted) return this.#signal.reason as unknown;
    if (this.#body) return this.#body;
    const cause = this.#wire;
    const code = systemCode(cause);
    const what = code === "ECONNRESET" ? "The connection was lost" : "No answer";
    const message = `${what} (${this.#endpoint}${code ? `: ${code}` : ""})`;
    return new AlcoveConnectionError(message, this.#endpoint, { cause });
  }
}

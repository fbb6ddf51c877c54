/**
 * One request under way: its answer as a stream, and the one reason why it failed when several
 * things fail at once.
 */

import type { ClientRequest, IncomingMessage } from "node:http";

import { AlcoveConnectionError, AlcoveProtocolError, systemCode } from "./errors.ts";

/** One answer being read; closing it also ends the upload. */
export class Exchange {
  readonly response: IncomingMessage;
  readonly #request: ClientRequest;
  readonly #failures: Failures;

  constructor(request: ClientRequest, response: IncomingMessage, failures: Failures) {
    this.#request = request;
    this.response = response;
    this.#failures = failures;
    // Without a listener an answer that breaks off before it is read would end the program.
    response.on("error", (error) => failures.noteWire(error));
  }

  /** The first value of a header. */
  header(name: string): string | undefined {
    const value = this.response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The answer's bytes; reading slowly slows the host down. Leaving early closes the connection. */
  async *chunks(): AsyncGenerator<Buffer> {
    try {
      const bytes: AsyncIterable<Buffer> = this.response;
      for await (const chunk of bytes) yield chunk;
    } catch (error) {
      if (error instanceof Error) this.#failures.noteWire(error);
      throw this.#failures.reason();
    }
  }

  async text(limitBytes: number, beyond: "fail" | "truncate"): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.chunks()) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= limitBytes) continue;
      if (beyond === "truncate") break;
      throw new AlcoveProtocolError(`The answer is longer than ${limitBytes} bytes`);
    }
    return Buffer.concat(chunks).toString("utf8", 0, Math.min(bytes, limitBytes));
  }

  /** Ends the connection unless the answer was read to its end; harmless when repeated. */
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

/** An HTTP client that keeps its one connection, as a program that runs many commands would. */

import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";

import type { Endpoint } from "../../e2e/harness/api.ts";

export class KeepAlive implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #endpoint: Endpoint;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param token not needed on a Unix socket */
  constructor(endpoint: Endpoint, token?: string) {
    this.#endpoint = endpoint;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#headers = { "content-length": "0", ...authorization };
  }

  /** @returns the body of a 200, read to its end; rejects for any other status */
  post(path: string, signal: AbortSignal): Promise<string> {
    return this.#ask("POST", path, signal);
  }

  /** As `post`. */
  get(path: string, signal: AbortSignal): Promise<string> {
    return this.#ask("GET", path, signal);
  }

  async #ask(method: string, path: string, signal: AbortSignal): Promise<string> {
    const sent = request({
      ...this.#endpoint,
      agent: this.#agent,
      method,
      path,
      headers: this.#headers,
      signal,
    });
    sent.end();
    const [response]: IncomingMessage[] = await once(sent, "response");
    if (!response) throw new Error("invariant: a response event carries its response");
    const body = await text(response);
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${body}`);
    return body;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/**
 * The one place that speaks HTTP: requests over TCP or a Unix socket, with the bearer token, with
 * back-pressure in both directions, and with failures turned into the SDK's errors.
 *
 * It knows no endpoint. Questions (GET, HEAD) share kept-alive connections and are asked again when
 * such a connection turns out to be stale; everything else gets a fresh connection, because a
 * command must not be sent twice.
 */

import http, { type ClientRequest } from "node:http";
import https from "node:https";
import { type Readable, pipeline } from "node:stream";

import { type Endpoint, describeEndpoint, hostHeader } from "./endpoint.ts";
import { AlcoveApiError } from "./api-error.ts";
import { AlcoveProtocolError, systemCode } from "./errors.ts";
import { Exchange, Failures } from "./exchange.ts";
import { type Query, queryText } from "./query.ts";

export interface TransportOptions {
  readonly endpoint: Endpoint;
  /** bearer token; `undefined` sends no Authorization header */
  readonly token: string | undefined;
  readonly userAgent: string;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "DELETE";
  /** percent-encoded, starting with a slash */
  readonly path: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** a text is sent with its length, a stream in chunks */
  readonly body?: string | Readable;
}

/** Longest JSON answer that is read into memory, in bytes. */
const JSON_LIMIT_BYTES = 128 * 1024 * 1024;
/** Longest error body that is read; the rest is dropped, in bytes. */
const ERROR_BODY_LIMIT_BYTES = 64 * 1024;
/** Idle kept-alive connections. */
const IDLE_SOCKETS = 4;

export class Transport implements Disposable {
  readonly endpoint: Endpoint;
  readonly headers: Readonly<Record<string, string>>;
  readonly #agent: http.Agent;

  constructor({ endpoint, token, userAgent }: TransportOptions) {
    this.endpoint = endpoint;
    this.headers = {
      host: hostHeader(endpoint),
      "user-agent": userAgent,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const agentOptions = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS };
    const secure = endpoint.kind === "tcp" && endpoint.secure;
    this.#agent = secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
  }

  /** Closes idle connections. Exchanges under way are ended by their own signals. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /**
   * Sends one request; resolves when a 2xx answer begins. Abort ends the request, or later the answer.
   * @throws AlcoveApiError for any other status, AlcoveConnectionError when there is no answer
   */
  async open(request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
    signal.throwIfAborted();
    const exchange = await this.#roundTrip(request, signal);
    const status = exchange.response.statusCode ?? 0;
    if (status >= 200 && status < 300) return exchange;
    try {
      const body = await exchange.text(ERROR_BODY_LIMIT_BYTES, "truncate");
      throw AlcoveApiError.fromBody(status, body);
    } finally {
      exchange.close();
    }
  }

  /** @returns the answer's JSON, or its text where it is not JSON; `undefined` for an empty one */
  async json(request: HttpRequest, signal: AbortSignal): Promise<unknown> {
    const exchange = await this.open(request, signal);
    const text = await exchange.text(JSON_LIMIT_BYTES, "fail");
    if (text === "") return undefined;
    const type = exchange.response.headers["content-type"] ?? "";
    if (!type.includes("json")) return text;
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new AlcoveProtocolError(`The answer to ${request.path} is not JSON`, { cause });
    }
  }

  async #roundTrip(request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
    const isQuestion = request.method === "GET" || request.method === "HEAD";
    const clientRequest = this.#start(request, isQuestion ? this.#agent : false);
    try {
      return await this.#exchange(clientRequest, request.body, signal);
    } catch (error) {
      const stale = clientRequest.reusedSocket && systemCode(causeOf(error)) === "ECONNRESET";
      if (!isQuestion || !stale || signal.aborted) throw error;
      return await this.#exchange(this.#start(request, false), undefined, signal);
    }
  }

  #start(request: HttpRequest, agent: http.Agent | false): ClientRequest {
    const { endpoint } = this;
    const address =
      endpoint.kind === "unix"
        ? { socketPath: endpoint.socketPath }
        : { host: endpoint.hostname, port: endpoint.port };
    const { request: send } = endpoint.kind === "tcp" && endpoint.secure ? https : http;
    return send({
      ...address,
      agent,
      method: request.method,
      path: request.path + queryText(request.query ?? {}),
      headers: { ...this.headers, ...request.headers, ...framing(request) },
    });
  }

  #exchange(
    clientRequest: ClientRequest,
    body: string | Readable | undefined,
    signal: AbortSignal,
  ): Promise<Exchange> {
    const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
    const failures = new Failures(describeEndpoint(this.endpoint), signal);
    const onAbort = (): void => void clientRequest.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    clientRequest.once("close", () => signal.removeEventListener("abort", onAbort));
    clientRequest.on("error", (error) => {
      failures.noteWire(error);
      reject(failures.reason());
    });
    clientRequest.once("response", (response) =>
      resolve(new Exchange(clientRequest, response, failures)),
    );
    if (body === undefined || typeof body === "string") {
      clientRequest.end(body);
    } else {
      // A command starts before its input does: a quiet pipe must not hold the request back.
      clientRequest.flushHeaders();
      // A source that fails breaks the request off, so that the host cannot take it for complete.
      body.once("error", (error) => failures.noteBody(error));
      pipeline(body, clientRequest, () => undefined);
    }
    return promise;
  }
}

function framing({ method, body }: HttpRequest): Record<string, string> {
  if (typeof body === "string") return { "content-length": String(Buffer.byteLength(body)) };
  return body === undefined && method === "POST" ? { "content-length": "0" } : {};
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/**
 * The one place that speaks HTTP in Node: requests over TCP or a Unix socket, with the bearer token,
 * with back-pressure in both directions, and with failures turned into the SDK's errors.
 *
 * It knows no endpoint. Questions (GET, HEAD) share kept-alive connections and are asked again when
 * such a connection turns out to be stale; everything else gets a fresh connection, because a
 * command must not be sent twice.
 */

import http, { type ClientRequest } from "node:http";
import https from "node:https";
import { Readable, pipeline } from "node:stream";

import type { WebSocket } from "ws";

import { textOf } from "../answer-text.ts";
import { AlcoveApiError } from "../api-error.ts";
import { deferred } from "../deferred.ts";
import { systemCode } from "../errors.ts";
import { queryText } from "../query.ts";
import type { Content, LinkEvents, MessageLink, Wire, WireRequest } from "../wire.ts";
import { bufferCodec } from "./buffer-codec.ts";
import { type Endpoint, describeEndpoint, hostHeader } from "./endpoint.ts";
import { Exchange, Failures } from "./exchange.ts";
import { SocketLink, openWebSocket } from "./web-socket.ts";

export interface HttpWireOptions {
  readonly endpoint: Endpoint;
  /** bearer token; `undefined` sends no Authorization header */
  readonly token: string | undefined;
  readonly userAgent: string;
}

/** Longest error body that is read; the rest is dropped, in bytes. */
const ERROR_BODY_LIMIT_BYTES = 64 * 1024;
/** Idle kept-alive connections. */
const IDLE_SOCKETS = 4;

export class HttpWire implements Wire<Buffer> {
  readonly endpoint: string;
  readonly codec: typeof bufferCodec = bufferCodec;
  readonly #address: Endpoint;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: http.Agent;

  constructor({ endpoint, token, userAgent }: HttpWireOptions) {
    this.#address = endpoint;
    this.endpoint = describeEndpoint(endpoint);
    this.#headers = {
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

  async open(request: WireRequest, signal: AbortSignal): Promise<Exchange> {
    signal.throwIfAborted();
    const exchange = await this.#roundTrip(request, signal);
    const { status } = exchange;
    if (status >= 200 && status < 300) return exchange;
    try {
      const body = await textOf(exchange, ERROR_BODY_LIMIT_BYTES, "truncate");
      throw AlcoveApiError.fromBody(status, body);
    } finally {
      exchange.close();
    }
  }

  async connect(
    path: string,
    events: LinkEvents<Buffer>,
    signal: AbortSignal,
  ): Promise<MessageLink> {
    return SocketLink.open(await this.webSocket(path, {}, signal), events, signal);
  }

  /** An open WebSocket, paused, for whoever wants more than messages. */
  async webSocket(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<WebSocket> {
    return await openWebSocket(this.#address, path, { ...this.#headers, ...headers }, signal);
  }

  async #roundTrip(request: WireRequest, signal: AbortSignal): Promise<Exchange> {
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

  #start(request: WireRequest, agent: http.Agent | false): ClientRequest {
    const endpoint = this.#address;
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
      headers: {
        host: hostHeader(endpoint),
        ...this.#headers,
        ...request.headers,
        ...framing(request),
      },
    });
  }

  #exchange(
    clientRequest: ClientRequest,
    body: Content | undefined,
    signal: AbortSignal,
  ): Promise<Exchange> {
    const { promise, resolve, reject } = deferred<Exchange>();
    const failures = new Failures(this.endpoint, signal);
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
    if (body === undefined || isWhole(body)) {
      clientRequest.end(body);
    } else {
      // A command starts before its input does: a quiet pipe must not hold the request back.
      clientRequest.flushHeaders();
      const source = body instanceof Readable ? body : Readable.from(body, { objectMode: false });
      // A source that fails breaks the request off, so that the host cannot take it for complete.
      source.once("error", (error) => failures.noteBody(error));
      pipeline(source, clientRequest, () => undefined);
    }
    return promise;
  }
}

function isWhole(body: Content): body is string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array;
}

function framing({ method, body }: WireRequest): Record<string, string> {
  if (body !== undefined && isWhole(body)) {
    return { "content-length": String(Buffer.byteLength(body)) };
  }
  return body === undefined && method === "POST" ? { "content-length": "0" } : {};
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

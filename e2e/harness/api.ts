/**
 * HTTP as it is on the wire: exact statuses, headers and broken connections, with nothing
 * interpreted. Each request has a connection of its own, so that one that breaks is one request's.
 */

import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, request as send } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

import { inTime } from "./until.ts";

export type QueryValue = string | number | boolean | readonly string[];
export type Query = Readonly<Record<string, QueryValue>>;

export interface Ask {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** sent as `application/json` */
  readonly json?: unknown;
  /** text and buffers go with a Content-Length, streams in chunks */
  readonly body?: string | Buffer | Readable;
  /**
   * Without it the request asks for the connection to be closed after the answer. Then the end of
   * an answer can be lost while the body is still being sent, whatever the host does.
   */
  readonly keepAlive?: true;
  /** `null` sends no Authorization at all */
  readonly token?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  readonly text: string;
  /** the parsed body; throws when it is not JSON */
  readonly json: unknown;
}

/** A request whose answer has begun. */
export interface Exchange {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

export type Endpoint = { readonly port: number } | { readonly socketPath: string };

export class Api {
  readonly endpoint: Endpoint;
  readonly token: string | undefined;

  constructor(endpoint: Endpoint, token?: string) {
    this.endpoint = endpoint;
    this.token = token;
  }

  get(path: string, ask: Ask = {}): Promise<Answer> {
    return this.ask("GET", path, ask);
  }

  post(path: string, ask: Ask = {}): Promise<Answer> {
    return this.ask("POST", path, ask);
  }

  delete(path: string, ask: Ask = {}): Promise<Answer> {
    return this.ask("DELETE", path, ask);
  }

  /** Resolves when the whole answer is there; rejects when the connection broke before that. */
  async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { response } = await this.open(method, path, ask);
    const body = await buffer(response);
    const text = body.toString();
    const status = response.statusCode ?? 0;
    return {
      status,
      headers: response.headers,
      body,
      text,
      get json(): unknown {
        return JSON.parse(text);
      },
    };
  }

  /** Resolves when the answer's headers are there, while the body may still be sent. */
  async open(method: string, path: string, ask: Ask = {}): Promise<Exchange> {
    const request = this.begin(method, path, ask);
    const answered = responseOf(request);
    const { body, json } = ask;
    if (body instanceof Readable) void sendStream(body, request);
    else request.end(body ?? (json === undefined ? undefined : JSON.stringify(json)));
    const response = await inTime(`an answer to ${method} ${path}`, answered, ANSWER_MS);
    return { request, response };
  }

  /** A request whose body is the caller's to write; `responseOf` gives its answer. */
  begin(method: string, path: string, ask: Ask = {}): ClientRequest {
    const { query = {}, headers = {}, json, token = this.token ?? null } = ask;
    const agent = new Agent({ keepAlive: ask.keepAlive ?? false });
    const request = send({
      ...this.endpoint,
      host: "127.0.0.1",
      agent,
      method,
      path: path + queryString(query),
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
    return request.once("close", () => agent.destroy());
  }
}

/** a create that waits takes as long as a boot on a busy machine */
const ANSWER_MS = 120_000;

export async function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  const [response]: IncomingMessage[] = await once(request, "response");
  if (!response) throw new Error("invariant: a response event carries its response");
  return response;
}

/** As both SDKs write it: spaces as `+`, repeated keys in order. */
export function queryString(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}

async function sendStream(body: Readable, request: ClientRequest): Promise<void> {
  try {
    await pipeline(body, request);
  } catch {
    // Refused early, or the client side was closed on purpose: the answer is what is tested.
  }
}

/**
 * The one place that asks an Aleph node: it knows no endpoint, puts the credentials to each request, and turns refusals
 * into sentences.
 */

import http, { type ClientRequest } from "node:http";
import https from "node:https";
import { Readable, pipeline } from "node:stream";

import { textOf } from "@alcove/sdk/answer-text.ts";
import { AlcoveConnectionError, AlcoveProtocolError } from "@alcove/sdk/errors.ts";
import { Exchange, Failures } from "@alcove/sdk/node/exchange.ts";
import { type Query, queryText } from "@alcove/sdk/query.ts";

import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { type Audience, type Credentials, headersFor } from "./credentials.ts";
import { refusalFrom } from "./refusals.ts";

/** Longest answer that is read into memory, in bytes: records hold whole messages. */
const ANSWER_LIMIT_BYTES = 128 * 1024 * 1024;
/** Longest refusal that is read; the rest is dropped, in bytes. */
const REFUSAL_LIMIT_BYTES = 64 * 1024;

/** What is sent piece by piece. */
export interface Upload {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** `undefined`: not known before its end */
  readonly sizeBytes: number | undefined;
  readonly type: string;
}

export interface NodeRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** percent-encoded, starting with a slash */
  readonly path: string;
  readonly query?: Query;
  readonly audience: Audience;
  readonly headers?: Readonly<Record<string, string>>;
  /** what is sent as JSON, or as it is */
  readonly json?: unknown;
  readonly upload?: Upload;
  /** statuses beside 2xx that are answers here, and no refusals */
  readonly answers?: readonly number[];
}

export interface NodeAnswer {
  readonly status: number;
  readonly text: string;
}

export interface NodeClientDeps {
  readonly node: URL;
  readonly credentials: Credentials;
  readonly userAgent: string;
}

export class NodeClient {
  readonly node: URL;
  readonly credentials: Credentials;
  readonly #userAgent: string;

  constructor({ node, credentials, userAgent }: NodeClientDeps) {
    this.node = node;
    this.credentials = credentials;
    this.#userAgent = userAgent;
  }

  /** as a person would type it */
  get name(): string {
    return this.node.origin;
  }

  urlOf({ path, query = {} }: Pick<NodeRequest, "path" | "query">): URL {
    return new URL(path + queryText(query), this.node);
  }

  /** @throws CommandError for a refusal and for a node that is not there */
  async ask(request: NodeRequest, signal: AbortSignal): Promise<NodeAnswer> {
    const exchange = await this.open(request, signal);
    const { status } = exchange;
    return { status, text: await this.#told(textOf(exchange, ANSWER_LIMIT_BYTES, "fail")) };
  }

  /** @throws as `ask`; AlcoveProtocolError for an answer that is no JSON */
  async askJson(request: NodeRequest, signal: AbortSignal): Promise<unknown> {
    return jsonIn(await this.ask(request, signal), request.path);
  }

  /** Resolves when the answer begins. @throws as `ask` */
  async open(request: NodeRequest, signal: AbortSignal): Promise<Exchange> {
    signal.throwIfAborted();
    const exchange = await this.#told(this.#begin(request, signal));
    const { status } = exchange;
    if ((status >= 200 && status < 300) || request.answers?.includes(status)) return exchange;
    try {
      const text = await textOf(exchange, REFUSAL_LIMIT_BYTES, "truncate");
      const server = exchange.header("server") ?? "";
      throw refusalFrom({ status, text, server }, this);
    } finally {
      exchange.close();
    }
  }

  #begin(request: NodeRequest, signal: AbortSignal): Promise<Exchange> {
    const { method, audience, upload, json } = request;
    const url = this.urlOf(request);
    const body = json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(json));
    const whole = upload ? undefined : body;
    const sent: ClientRequest = (url.protocol === "https:" ? https : http).request(url, {
      method,
      agent: false,
      headers: {
        "user-agent": this.#userAgent,
        ...headersFor(this.credentials, { method, url, body: whole, audience }),
        ...framing(request, body),
        ...request.headers,
      },
    });
    return exchangeOf(sent, upload?.pieces ?? body, new Failures(this.name, signal), signal);
  }

  /** A node that is not there is told in this command's own words. */
  async #told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw error instanceof AlcoveConnectionError ? unreachable(error, this.name) : error;
    }
  }
}

/** @throws AlcoveProtocolError */
export function jsonIn({ text }: NodeAnswer, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AlcoveProtocolError(`The node's answer to ${path} is not JSON`, { cause });
  }
}

export function unreachable(cause: AlcoveConnectionError, node: string): CommandError {
  const isThere = cause.code !== "ECONNREFUSED" && cause.code !== "ENOTFOUND";
  const message = isThere ? cause.message : `No Aleph node answers at ${node}.`;
  const advice = isThere
    ? "What was asked may be done all the same: `alcove aleph list --all` shows it."
    : "ALCOVE_ALEPH=on makes a daemon one; say where it is with --node or ALCOVE_ALEPH_URL.";
  return new CommandError(message, EXIT.unreachable, { cause, code: "unreachable", advice });
}

function framing({ method, json, upload }: NodeRequest, body: Buffer): Record<string, string> {
  if (upload) {
    const { sizeBytes, type } = upload;
    const length = sizeBytes === undefined ? {} : { "content-length": String(sizeBytes) };
    return { "content-type": type, ...length };
  }
  if (method === "GET") return {};
  const type = json === undefined ? {} : { "content-type": "application/json" };
  return { ...type, "content-length": String(body.length) };
}

function exchangeOf(
  request: ClientRequest,
  body: Buffer | AsyncIterable<Uint8Array>,
  failures: Failures,
  signal: AbortSignal,
): Promise<Exchange> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
  const onAbort = (): void => void request.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  request.once("close", () => signal.removeEventListener("abort", onAbort));
  request.on("error", (error) => {
    failures.noteWire(error);
    reject(failures.reason());
  });
  request.once("response", (response) => resolve(new Exchange(request, response, failures)));
  if (Buffer.isBuffer(body)) request.end(body);
  else {
    const source = Readable.from(body, { objectMode: false });
    // A source that fails breaks the request off, so that the node cannot take it for complete.
    source.once("error", (error) => failures.noteBody(error));
    pipeline(source, request, () => undefined);
  }
  return promise;
}

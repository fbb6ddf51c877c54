/**
 * The way to a host where there is `fetch` and `WebSocket` and nothing else: browsers. What they
 * cannot do: Unix sockets, a token on a WebSocket, uploads that stream (a stream is collected first,
 * up to a bound), and slowing down a WebSocket's sender.
 */

import { textOf } from "../answer-text.ts";
import { AlcoveApiError } from "../api-error.ts";
import { deferred } from "../deferred.ts";
import { AlcoveConnectionError } from "../errors.ts";
import { AlcoveInputError } from "../input-error.ts";
import { queryText } from "../query.ts";
import type { Answer, Content, LinkEvents, MessageLink, Wire, WireRequest } from "../wire.ts";
import { arrayCodec } from "./array-codec.ts";
import { BrowserLink } from "./browser-link.ts";
import { sendWithProgress } from "./upload.ts";

export interface FetchWireOptions {
  /** `http://` or `https://` URL without a path */
  readonly baseURL: string;
  readonly token?: string;
}

/** Longest error body that is read, in bytes. */
const ERROR_BODY_LIMIT_BYTES = 64 * 1024;
/** Longest stream that is collected for an upload, in bytes. */
const UPLOAD_LIMIT_BYTES = 256 * 1024 * 1024;

export class FetchWire implements Wire<Uint8Array> {
  readonly endpoint: string;
  readonly codec: typeof arrayCodec = arrayCodec;
  readonly #headers: Readonly<Record<string, string>>;

  /** @throws AlcoveInputError when it is no URL of scheme, host and port */
  constructor({ baseURL, token }: FetchWireOptions) {
    this.endpoint = originOf(baseURL);
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Connections are the browser's own. */
  [Symbol.dispose](): void {}

  async open(request: WireRequest, signal: AbortSignal): Promise<Answer<Uint8Array>> {
    const body = await bodyOf(request.body);
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const init: RequestInit = {
      method: request.method,
      headers: { ...this.#headers, ...request.headers },
      redirect: "error",
      signal: controller.signal,
      ...(body === undefined ? {} : { body }),
    };
    let response: Response;
    try {
      response = await fetch(this.urlOf(request), init);
    } catch (cause) {
      signal.throwIfAborted();
      throw new AlcoveConnectionError(`No answer (${this.endpoint})`, this.endpoint, { cause });
    }
    const answer = new FetchAnswer(response, { controller, endpoint: this.endpoint, signal });
    if (response.ok) return answer;
    const text = await textOf(answer, ERROR_BODY_LIMIT_BYTES, "truncate");
    throw AlcoveApiError.fromBody(response.status, text);
  }

  /** Sends a file, telling how many of its bytes have left. The answer's words are not kept. */
  async upload(
    request: WireRequest,
    content: Blob,
    onBytes: (sent: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const url = this.urlOf(request);
    const headers = { ...this.#headers, ...request.headers };
    await sendWithProgress({ url, headers, content, onBytes }, signal);
  }

  /** For a link: the browser asks by itself, with its cookie and without the token. */
  urlOf({ path, query = {} }: WireRequest): string {
    return this.endpoint + path + queryText(query);
  }

  async connect(
    path: string,
    events: LinkEvents<Uint8Array>,
    signal: AbortSignal,
  ): Promise<MessageLink> {
    signal.throwIfAborted();
    const socket = new WebSocket(this.endpoint.replace(/^http/, "ws") + path);
    socket.binaryType = "arraybuffer";
    const { promise, resolve, reject } = deferred<void>();
    socket.addEventListener("open", () => resolve(), { once: true });
    // A browser does not say why a WebSocket was refused.
    socket.addEventListener(
      "error",
      () => reject(new AlcoveConnectionError(`No connection (${this.endpoint})`, this.endpoint)),
      { once: true },
    );
    const link = new BrowserLink(socket, events, signal);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    await promise;
    return link;
  }
}

/** What an answer needs to know of its request. */
interface Asked {
  readonly controller: AbortController;
  readonly endpoint: string;
  readonly signal: AbortSignal;
}

class FetchAnswer implements Answer<Uint8Array> {
  readonly #response: Response;
  readonly #asked: Asked;

  constructor(response: Response, asked: Asked) {
    this.#response = response;
    this.#asked = asked;
  }

  header(name: string): string | undefined {
    return this.#response.headers.get(name) ?? undefined;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const reader = this.#response.body?.getReader();
    if (!reader) return;
    try {
      while (true) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } catch (cause) {
      const { endpoint, signal } = this.#asked;
      signal.throwIfAborted();
      throw new AlcoveConnectionError(`The connection was lost (${endpoint})`, endpoint, { cause });
    } finally {
      await reader.cancel().catch(() => undefined); // it has ended already, or nobody can stop it
    }
  }

  close(): void {
    this.#asked.controller.abort();
  }
}

async function bodyOf(content: Content | undefined): Promise<string | Blob | undefined> {
  if (content === undefined || typeof content === "string") return content;
  if (content instanceof Uint8Array) return new Blob([Uint8Array.from(content)]);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of content) {
    bytes += part.length;
    if (bytes > UPLOAD_LIMIT_BYTES) {
      throw new AlcoveInputError(`A browser uploads at most ${UPLOAD_LIMIT_BYTES} bytes`);
    }
    parts.push(Uint8Array.from(part));
  }
  return new Blob(parts);
}

function originOf(baseURL: string): string {
  let url: URL;
  try {
    url = new URL(baseURL);
  } catch (cause) {
    throw new AlcoveInputError(`"${baseURL}" is not a URL`, { cause });
  }
  const plain = url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (plain && (url.protocol === "http:" || url.protocol === "https:")) return url.origin;
  throw new AlcoveInputError(`"${baseURL}" must be http:// or https://, host and port only`);
}

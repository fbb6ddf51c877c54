/**
 * What the SDK needs of the platform it runs on: requests whose answers are streams, WebSockets, and
 * bytes in the platform's own form (`Buffer` in Node, `Uint8Array` elsewhere). Everything else in the
 * SDK is the same everywhere; `node/` and `browser/` fill this.
 */

import type { Query } from "./query.ts";

/** A text or bytes are sent with their length, a stream piece by piece. */
export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface WireRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "DELETE";
  /** percent-encoded, starting with a slash */
  readonly path: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Content;
}

/** One answer being read; closing it also ends the upload. */
export interface Answer<B extends Uint8Array> {
  header(name: string): string | undefined;
  /** The answer's bytes; reading slowly slows the host down. Leaving early closes the connection. */
  chunks(): AsyncGenerator<B>;
  /** Ends the connection unless the answer was read to its end; harmless when repeated. */
  close(): void;
}

/** What a WebSocket tells. */
export interface LinkEvents<B extends Uint8Array> {
  /** a binary message; `wait` asks for no more until `resume` */
  onMessage(message: B): "more" | "wait";
  /** a text message, in its place among the binary ones; absent: they are ignored */
  onText?(text: string): "more" | "wait";
  /**
   * Once, after the last message. @param code of the closing, such as 1000
   * @param cause why the connection failed; `undefined` when it was closed
   */
  onEnd(code: number, cause: Error | undefined): void;
}

export interface MessageLink {
  readonly isOpen: boolean;
  /** Resolves when the bytes have left, or cannot leave any more: the end is told elsewhere. */
  send(message: Uint8Array): Promise<void>;
  /** As `send`, as a text message. */
  sendText(text: string): Promise<void>;
  resume(): void;
  /** Closes in order. */
  close(): void;
  /** Drops the connection. */
  destroy(): void;
}

export interface Codec<B extends Uint8Array> {
  readonly fromText: (text: string) => B;
  /** @param text standard alphabet; what is no base64 gives some bytes, never an exception in Node */
  readonly fromBase64: (text: string) => B;
  readonly toBase64: (bytes: Uint8Array) => string;
  readonly concat: (parts: readonly Uint8Array[]) => B;
}

export interface Wire<B extends Uint8Array> extends Disposable {
  /** address or socket path, as a person would type it */
  readonly endpoint: string;
  readonly codec: Codec<B>;
  /**
   * Sends one request; resolves when a 2xx answer begins. Abort ends the request, or later the answer.
   * @throws AlcoveApiError for any other status, AlcoveConnectionError when there is no answer
   */
  open(request: WireRequest, signal: AbortSignal): Promise<Answer<B>>;
  /**
   * Opens a WebSocket. @param path percent-encoded, with its query
   * @throws AlcoveApiError when the host refuses the upgrade and the platform lets its words through
   */
  connect(path: string, events: LinkEvents<B>, signal: AbortSignal): Promise<MessageLink>;
}

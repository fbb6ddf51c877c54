/** WebSockets in Node: over TCP or a Unix socket, with headers, and slowed down by a slow reader. */

import type { IncomingMessage } from "node:http";
import net from "node:net";

import type { WebSocket } from "ws";

import { AlcoveApiError } from "../api-error.ts";
import { deferred } from "../deferred.ts";
import { AlcoveConnectionError } from "../errors.ts";
import type { LinkEvents, MessageLink } from "../wire.ts";
import { type Endpoint, describeEndpoint } from "./endpoint.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Longest message that is accepted, in bytes: shells send 32 KiB at most, tunnels what they like. */
const MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024;
/** Longest handshake refusal that is read, in characters. */
const REFUSAL_LIMIT = 64 * 1024;

/**
 * An open WebSocket, paused: nothing is lost until somebody listens and resumes it.
 * @throws AlcoveApiError when the host refuses the upgrade, AlcoveConnectionError without an answer
 */
export async function openWebSocket(
  endpoint: Endpoint,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<WebSocket> {
  const { WebSocket: Socket } = await import("ws"); // most programs that use this never open one
  signal.throwIfAborted();
  const socket = begin(Socket, endpoint, path, headers);
  const { promise, resolve, reject } = deferred<WebSocket>();
  const onAbort = (): void => {
    reject(signal.reason);
    socket.terminate();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("open", () => {
    socket.pause();
    resolve(socket);
  });
  socket.once("unexpected-response", (_request, response) => {
    void refusal(response)
      .then(reject)
      .finally(() => socket.terminate());
  });
  socket.on("error", (cause) => {
    const where = describeEndpoint(endpoint);
    reject(new AlcoveConnectionError(`No connection (${where})`, where, { cause }));
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function begin(
  Socket: typeof WebSocket,
  endpoint: Endpoint,
  path: string,
  headers: Readonly<Record<string, string>>,
): WebSocket {
  const options = {
    headers,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MESSAGE_LIMIT_BYTES,
  };
  if (endpoint.kind === "unix") {
    const createConnection = (): net.Socket => net.connect(endpoint.socketPath);
    return new Socket(`ws://unix${path}`, { ...options, createConnection });
  }
  const base = describeEndpoint(endpoint).replace(/^http/, "ws");
  return new Socket(base + path, options);
}

async function refusal(response: IncomingMessage): Promise<AlcoveApiError> {
  let text = "";
  try {
    const body: AsyncIterable<Buffer> = response;
    for await (const chunk of body) {
      text += chunk.toString("utf8");
      if (text.length > REFUSAL_LIMIT) break;
    }
  } catch {
    text = ""; // a refusal that breaks off is still a refusal: the status says enough
  }
  return AlcoveApiError.fromBody(response.statusCode ?? 0, text);
}

/** A WebSocket as the rest of the SDK knows it. */
export class SocketLink implements MessageLink {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static open(socket: WebSocket, events: LinkEvents<Buffer>, signal: AbortSignal): SocketLink {
    const onAbort = (): void => socket.terminate();
    signal.addEventListener("abort", onAbort, { once: true });
    let failure: Error | undefined;
    socket.on("error", (error) => (failure = error));
    socket.on("message", (message: Buffer, isBinary: boolean) => {
      const asked = isBinary
        ? events.onMessage(message)
        : events.onText?.(message.toString("utf8"));
      if (asked === "wait") socket.pause();
    });
    socket.on("close", (code: number) => {
      signal.removeEventListener("abort", onAbort);
      events.onEnd(code, failure);
    });
    socket.resume();
    if (signal.aborted) socket.terminate();
    return new SocketLink(socket);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(message: Uint8Array): Promise<void> {
    return this.#send(message);
  }

  sendText(text: string): Promise<void> {
    return this.#send(text);
  }

  async #send(message: Uint8Array | string): Promise<void> {
    if (!this.isOpen) return;
    const { promise, resolve } = deferred<void>();
    this.#socket.send(message, () => resolve()); // a failure also ends the link, and is told there
    await promise;
  }

  resume(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  close(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.terminate();
  }
}

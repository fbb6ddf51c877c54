/**
 * A terminal in a guest, over a WebSocket. The session's output is a stream that slows the guest
 * down when it is read slowly; it ends when the shell does.
 */

import net from "node:net";
import { Readable } from "node:stream";

import { WebSocket } from "ws";

import { describeEndpoint } from "./endpoint.ts";
import { AlcoveApiError } from "./api-error.ts";
import { AlcoveConnectionError } from "./errors.ts";
import {
  SHELL_FRAME,
  decodeShellFrame,
  encodeData,
  encodeShellFrame,
  encodeWindowSize,
} from "./shell-frames.ts";
import type { Transport } from "./transport.ts";

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 30_000;
/** How long a host may take to end the session after it was asked to, in `ms`. */
const CLOSE_GRACE_MS = 2_000;
/** Longest message that is accepted, in bytes. */
const MESSAGE_LIMIT_BYTES = 1024 * 1024;
/** Longest handshake refusal that is read, in bytes. */
const REFUSAL_LIMIT_BYTES = 64 * 1024;

export class ShellSession implements AsyncDisposable {
  /** what the terminal shows; ends with the session and never fails */
  readonly output: Readable;
  /** settles once, when the session is over; rejects when the connection broke or was aborted */
  readonly ended: Promise<void>;
  readonly #socket: WebSocket;
  /** one side said that this is the end: how the connection then closes does not matter */
  #ending = false;

  private constructor(socket: WebSocket, endpoint: string, signal: AbortSignal) {
    this.#socket = socket;
    this.output = new Readable({ read: () => socket.resume() });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ended = promise;
    this.ended.catch(() => undefined); // a caller may look at `output` only

    const heartbeat = setInterval(() => this.#send(SHELL_FRAME.heartbeat), HEARTBEAT_MS).unref();
    const onAbort = (): void => socket.terminate();
    signal.addEventListener("abort", onAbort, { once: true });

    socket.on("message", (message: Buffer, isBinary: boolean) => {
      const frame = isBinary ? decodeShellFrame(message) : undefined;
      if (frame?.type === SHELL_FRAME.data && !this.output.push(frame.payload)) socket.pause();
      if (frame?.type !== SHELL_FRAME.shutdown && frame?.type !== SHELL_FRAME.sessionClose) return;
      this.#ending = true;
      socket.close();
    });
    socket.on("error", (cause) =>
      reject(new AlcoveConnectionError("The shell's connection failed", endpoint, { cause })),
    );
    socket.on("close", (code: number) => {
      clearInterval(heartbeat);
      signal.removeEventListener("abort", onAbort);
      this.output.push(null);
      if (signal.aborted) reject(signal.reason);
      else if (this.#ending || code === 1000) resolve();
      else reject(new AlcoveConnectionError(`The shell's connection was lost (${code})`, endpoint));
    });
  }

  /** @param path percent-encoded, with its query */
  static async open(
    transport: Transport,
    path: string,
    size: TerminalSize | undefined,
    signal: AbortSignal,
  ): Promise<ShellSession> {
    signal.throwIfAborted();
    const socket = connect(transport, path);
    const session = new ShellSession(socket, describeEndpoint(transport.endpoint), signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("open", resolve);
    socket.once("unexpected-response", (_request, response) => {
      void refusal(response.statusCode ?? 0, response)
        .then(reject)
        .finally(() => socket.terminate());
    });
    session.ended.then(resolve, reject);
    await promise;
    if (size) session.resize(size);
    return session;
  }

  /** Types; resolves when the bytes have left, so that a reader can be slowed down. */
  async write(bytes: Uint8Array): Promise<void> {
    for (const frame of encodeData(bytes)) {
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#socket.send(frame, () => resolve()); // a failure also ends the session, and is told there
      await promise;
    }
  }

  resize({ cols, rows }: TerminalSize): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodeWindowSize(cols, rows));
  }

  /** Asks for an orderly end, and does not wait longer than a moment for it. */
  async close(): Promise<void> {
    this.#ending = true;
    this.#send(SHELL_FRAME.shutdown);
    const force = setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS);
    this.output.resume(); // what is not read must not keep the end from arriving
    await this.ended.catch(() => undefined); // how it ended is for whoever awaits `ended`
    clearTimeout(force);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #send(type: typeof SHELL_FRAME.heartbeat | typeof SHELL_FRAME.shutdown): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodeShellFrame(type));
  }
}

function connect({ endpoint, headers }: Transport, path: string): WebSocket {
  const { host: _, ...rest } = headers;
  const options = {
    headers: rest,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MESSAGE_LIMIT_BYTES,
  };
  if (endpoint.kind === "unix") {
    const createConnection = (): net.Socket => net.connect(endpoint.socketPath);
    return new WebSocket(`ws://unix${path}`, { ...options, createConnection });
  }
  const base = describeEndpoint(endpoint).replace(/^http/, "ws");
  return new WebSocket(base + path, options);
}

async function refusal(status: number, body: AsyncIterable<Buffer>): Promise<AlcoveApiError> {
  let text = "";
  try {
    for await (const chunk of body) {
      text += chunk.toString("utf8");
      if (text.length > REFUSAL_LIMIT_BYTES) break;
    }
  } catch {
    text = ""; // a refusal that breaks off is still a refusal: the status says enough
  }
  return AlcoveApiError.fromBody(status, text);
}

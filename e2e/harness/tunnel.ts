/** A forwarded connection's client: raw bytes in binary messages, no extensions, both ways at once. */

import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";

import { WebSocket } from "ws";

import type { Api } from "./api.ts";
import { inTime, until } from "./until.ts";

const MESSAGE_BYTES = 64 * 1024;

export class Tunnel implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly #closed: Promise<{ code: number; reason: string }>;
  readonly #hash: Hash = createHash("sha256");
  #heard = "";
  #counted = 0;

  /** @param upstream what goes into `X-Inlets-Upstream` */
  static async open(api: Api, hostname: string, upstream: string): Promise<Tunnel> {
    const socket = connect(api, hostname, upstream, api.token ?? null);
    const tunnel = new Tunnel(socket);
    await inTime("the upgrade", once(socket, "open"));
    return tunnel;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.#closed = once(socket, "close").then(([code, reason]) => ({
      code: Number(code),
      reason: String(reason),
    }));
    this.#closed.catch(() => {}); // asked for with closed()
    socket.on("message", (data, isBinary) => {
      assert.ok(isBinary && Buffer.isBuffer(data), "a message that is not binary");
      this.#hash.update(data);
      if (this.#counted < MESSAGE_BYTES) this.#heard += data.toString();
      this.#counted += data.length;
    });
  }

  /** the first output so far, as text */
  get heard(): string {
    return this.#heard;
  }

  /** bytes of output so far */
  get counted(): number {
    return this.#counted;
  }

  /** Resolves when the bytes have left for the kernel. */
  async send(bytes: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.socket.send(bytes, (error) => (error ? reject(error) : resolve()));
    await promise;
  }

  /** Sends bytes that are nowhere the same. @returns their hash, in hex */
  async sendMuch(sizeBytes: number): Promise<string> {
    const hash = createHash("sha256");
    for (let at = 0; at < sizeBytes; at += MESSAGE_BYTES) {
      const piece = pieceAt(at, Math.min(MESSAGE_BYTES, sizeBytes - at));
      hash.update(piece);
      await this.send(piece);
    }
    return hash.digest("hex");
  }

  async untilCounted(bytes: number, timeoutMs?: number): Promise<void> {
    await until(`${bytes} bytes came back`, () => this.#counted >= bytes, timeoutMs);
  }

  /** the hash of all output, in hex; asked for once */
  outputHash(): string {
    return this.#hash.digest("hex");
  }

  async closed(): Promise<{ code: number; reason: string }> {
    return inTime("the close", this.#closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.#closed;
  }
}

/** @returns the HTTP status and body of an upgrade that is refused */
export async function tunnelRefusal(
  api: Api,
  hostname: string,
  upstream: string | undefined,
  token = api.token ?? null,
): Promise<{ status: number; body: string }> {
  const socket = connect(api, hostname, upstream, token);
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  socket.once("unexpected-response", (request, response) => {
    let body = "";
    response.on("data", (chunk) => (body += String(chunk)));
    response.once("end", () => {
      resolve({ status: response.statusCode ?? 0, body });
      request.destroy();
    });
  });
  socket.once("open", () => reject(new Error(`${upstream} was upgraded`)));
  socket.on("error", () => {}); // follows from the refusal, or from destroying the request
  return inTime("a refusal", promise).finally(() => socket.terminate());
}

function connect(
  { endpoint }: Api,
  hostname: string,
  upstream: string | undefined,
  token: string | null,
): WebSocket {
  assert.ok("port" in endpoint);
  const headers = {
    "x-inlets-mode": "local",
    ...(upstream === undefined ? {} : { "x-inlets-upstream": upstream }),
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const url = `ws://127.0.0.1:${endpoint.port}/vm/${hostname}/forward`;
  return new WebSocket(url, { headers, perMessageDeflate: false, maxPayload: 0 });
}

/** Every word tells where it stands, so that bytes which are lost, doubled or swapped show. */
function pieceAt(at: number, size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index += 1) {
    words[index] = Math.imul(at / 4 + index, 2_654_435_761);
  }
  return Buffer.from(words.buffer, 0, size);
}

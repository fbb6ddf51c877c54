/**
 * HTTP/1.1 as bytes on a connection: requests as a client really writes them, answers read as
 * strictly as any client reads them. Nothing of Node's HTTP comes between.
 */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";

import type { Endpoint } from "./api.ts";
import { Incoming } from "./incoming.ts";
import { inTime } from "./until.ts";

export type Headers = readonly (readonly [name: string, value: string])[];

export interface RawHead {
  readonly status: number;
  /** by name in lower case */
  readonly headers: ReadonlyMap<string, string>;
}

export interface RawAnswer extends RawHead {
  readonly body: Buffer;
  readonly text: string;
}

export interface RawRequest {
  readonly method: string;
  /** as it stands in the request line */
  readonly target: string;
  readonly headers: Headers;
  /** sent as it is: framed by the caller's headers */
  readonly body?: Buffer;
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");
const BODILESS = new Set([204, 304]);

export class RawConnection implements AsyncDisposable {
  readonly socket: Socket;
  readonly incoming: Incoming;

  static async open(endpoint: Endpoint): Promise<RawConnection> {
    const socket =
      "port" in endpoint
        ? createConnection({ host: "127.0.0.1", port: endpoint.port })
        : createConnection({ path: endpoint.socketPath });
    await inTime("the connection", once(socket, "connect"));
    return new RawConnection(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    this.incoming = new Incoming(socket);
  }

  send({ method, target, headers, body }: RawRequest): void {
    const lines = headers.map(([name, value]) => `${name}: ${value}`.trimEnd());
    this.socket.write([`${method} ${target} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    if (body) this.socket.write(body);
  }

  async ask(request: RawRequest): Promise<RawAnswer> {
    this.send(request);
    return this.answer(request.method);
  }

  async answer(method: string): Promise<RawAnswer> {
    const head = await this.head();
    const pieces = [];
    for await (const piece of this.body(head, method)) pieces.push(piece);
    const body = Buffer.concat(pieces);
    return { ...head, body, text: body.toString() };
  }

  async head(): Promise<RawHead> {
    const line = await this.#line();
    const [, status] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*$/.exec(line) ?? [];
    assert.ok(status, `no status line: ${line}`);
    const headers = new Map<string, string>();
    for (let next = await this.#line(); next !== ""; next = await this.#line()) {
      const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~\w-]+): ?(.*)$/.exec(next) ?? [];
      assert.ok(name, `no header: ${next}`);
      assert.ok(!headers.has(name.toLowerCase()), `${name} is there twice`);
      headers.set(name.toLowerCase(), value);
    }
    assert.equal(headers.get("content-encoding"), undefined, "an answer is never compressed");
    return { status: Number(status), headers };
  }

  /** The body in the pieces that it was sent in. Fails when its end is missing or its framing is not exact. */
  async *body({ status, headers }: RawHead, method: string): AsyncGenerator<Buffer> {
    const length = headers.get("content-length");
    const coding = headers.get("transfer-encoding");
    assert.ok(length === undefined || coding === undefined, "a length and chunks at once");
    if (method === "HEAD" || BODILESS.has(status)) return;
    if (coding === undefined) {
      assert.match(length ?? "absent", /^\d+$/, "neither a length nor chunks");
      yield await this.incoming.take(Number(length));
      return;
    }
    assert.equal(coding, "chunked");
    yield* this.#chunks();
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const size = await this.#line();
      assert.match(size, /^[\da-fA-F]+$/, "no chunk size");
      const chunk = await this.incoming.take(Number.parseInt(size, 16));
      assert.equal(await this.#line(), "", "a chunk of another size");
      if (chunk.length === 0) return;
      yield chunk;
    }
  }

  async #line(): Promise<string> {
    const line = (await this.incoming.takeThrough("\r\n")).toString("latin1");
    assert.ok(!/[\r\n]/.test(line.slice(0, -2)), "a bare line break");
    return line.slice(0, -2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }
}

/** Chunked framing, in chunks of the given pieces. */
export function chunked(...pieces: readonly (string | Buffer)[]): Buffer {
  const chunks = pieces.map((piece) => chunkOf(Buffer.from(piece)));
  return Buffer.concat([...chunks, LAST_CHUNK]);
}

export function chunkOf(piece: Buffer): Buffer {
  const size = Buffer.from(`${piece.length.toString(16)}\r\n`);
  return Buffer.concat([size, piece, Buffer.from("\r\n")]);
}

/** A key for an upgrade, and what RFC 6455 wants in the answer. */
export function webSocketKey(): { readonly key: string; readonly accept: string } {
  const key = randomBytes(16).toString("base64");
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return { key, accept: accept.digest("base64") };
}

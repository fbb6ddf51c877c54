/** A terminal's client as strict as the strictest: no extensions, one frame a message, 32,768 bytes at most. */

import assert from "node:assert/strict";
import { once } from "node:events";

import { WebSocket } from "ws";

import type { Api } from "./api.ts";
import { inTime, until } from "./until.ts";

const HEADER_BYTES = 5;
const DATA = 0x01;
const WINDOW_SIZE = 0x02;
const MAX_MESSAGE_BYTES = 32_768;

export class Terminal implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #closed: Promise<number>;
  readonly #decoder = new TextDecoder();
  #said = "";
  #decodedApart = "";
  #counting = false;
  #counted = 0;
  #longest = 0;
  readonly #types: number[] = [];

  static async open(api: Api, path: string): Promise<Terminal> {
    const socket = connect(api, path, api.token ?? null);
    const terminal = new Terminal(socket);
    await inTime("the upgrade", once(socket, "open"));
    return terminal;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#closed = once(socket, "close").then(([code]) => Number(code));
    this.#closed.catch(() => {}); // asked for with closed()
    socket.on("message", (data, isBinary) => {
      assert.ok(isBinary && Buffer.isBuffer(data), "a message that is not binary");
      this.#take(data);
    });
  }

  get extensions(): string {
    return this.#socket.extensions;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  /** all output so far */
  get said(): string {
    return this.#said;
  }

  /** all output so far, each frame decoded by itself as one client does */
  get decodedApart(): string {
    return this.#decodedApart;
  }

  get frameTypes(): readonly number[] {
    return this.#types;
  }

  get longestMessage(): number {
    return this.#longest;
  }

  /** bytes of output so far */
  get counted(): number {
    return this.#counted;
  }

  /** From now on output is counted and not kept. */
  countOnly(): void {
    this.#counting = true;
  }

  type(text: string): void {
    this.#send(DATA, Buffer.from(text));
  }

  resize(cols: number, rows: number): void {
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(cols, 0);
    payload.writeUInt32BE(rows, 4);
    this.#send(WINDOW_SIZE, payload);
  }

  sendRaw(bytes: Buffer): void {
    this.#socket.send(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Goes without a close. */
  vanish(): void {
    this.#socket.terminate();
  }

  async untilSaid(what: RegExp): Promise<void> {
    await until(`the terminal says ${what}; it said ${JSON.stringify(this.#said)}`, () =>
      what.test(this.#said),
    );
  }

  async saysWithin(what: RegExp, ms: number): Promise<boolean> {
    const said = until(`${what}`, () => what.test(this.#said), ms);
    return said.catch(() => false); // not yet: the caller asks again
  }

  async untilCounted(bytes: number): Promise<void> {
    await until(`${bytes} bytes of output`, () => this.#counted >= bytes);
  }

  /** @returns the close code */
  async closed(): Promise<number> {
    return inTime("the close", this.#closed, 120_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.#closed;
  }

  #send(type: number, payload: Buffer): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = type;
    header.writeUInt32BE(payload.length, 1);
    this.#socket.send(Buffer.concat([header, payload]));
  }

  #take(message: Buffer): void {
    this.#longest = Math.max(this.#longest, message.length);
    const type = message.readUInt8(0);
    const payload = message.subarray(HEADER_BYTES);
    assert.equal(message.readUInt32BE(1), payload.length, "one whole frame a message");
    if (type !== DATA || !this.#counting) this.#types.push(type);
    if (type !== DATA) return;
    this.#counted += payload.length;
    if (this.#counting) return;
    this.#said += this.#decoder.decode(payload, { stream: true });
    this.#decodedApart += payload.toString();
  }
}

/** @returns the HTTP status of an upgrade that is refused */
export async function refusalOf(
  api: Api,
  path: string,
  token = api.token ?? null,
): Promise<number> {
  const socket = connect(api, path, token);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  socket.once("unexpected-response", (request, response) => {
    resolve(response.statusCode ?? 0);
    request.destroy();
  });
  socket.once("open", () => reject(new Error(`${path} was upgraded`)));
  socket.on("error", () => {}); // follows from the refusal, or from destroying the request
  return inTime("a refusal", promise).finally(() => socket.terminate());
}

function connect({ endpoint }: Api, path: string, token: string | null): WebSocket {
  assert.ok("port" in endpoint);
  return new WebSocket(`ws://127.0.0.1:${endpoint.port}${path}`, {
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    ...(token === null ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
}

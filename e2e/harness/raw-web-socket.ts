/**
 * RFC 6455 as bytes: a client that offers what it is told to, takes no extension and no subprotocol,
 * and fails on a message of more than 32,768 bytes, as the library of Slicer's Go SDK does.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import type { Endpoint } from "./api.ts";
import { type Headers, RawConnection, type RawHead, webSocketKey } from "./raw-http.ts";

const MAX_MESSAGE_BYTES = 32_768;
const TEXT_OR_CONTINUED = new Set([0x0, 0x1]);
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

export interface Message {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawWebSocket implements AsyncDisposable {
  readonly #connection: RawConnection;
  longest = 0;

  /** Upgrades; fails unless the answer is 101 and nothing that was not asked for. */
  static async open(endpoint: Endpoint, target: string, headers: Headers): Promise<RawWebSocket> {
    const { connection, head, accept } = await begin(endpoint, target, headers);
    assert.equal(head.status, 101);
    assert.match(head.headers.get("connection") ?? "", /^upgrade$/i);
    assert.match(head.headers.get("upgrade") ?? "", /^websocket$/i);
    assert.equal(head.headers.get("sec-websocket-accept"), accept);
    assert.equal(head.headers.get("sec-websocket-extensions"), undefined, "an extension");
    assert.equal(head.headers.get("sec-websocket-protocol"), undefined, "a subprotocol");
    return new RawWebSocket(connection);
  }

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  send(payload: Buffer, opcode = 0x2): void {
    const mask = randomBytes(4);
    const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    this.#connection.socket.write(Buffer.concat([headerOf(opcode, payload.length), mask, masked]));
  }

  /** The next message; pings are answered. The close is a message, too. */
  async next(): Promise<Message> {
    for (;;) {
      const message = await this.#frame();
      if (message.opcode === PING) this.send(message.payload, PONG);
      else if (message.opcode !== PONG) return message;
    }
  }

  /** @returns the code of the close, which must be what comes next */
  async closeCode(): Promise<number> {
    const { opcode, payload } = await this.next();
    assert.equal(opcode, CLOSE, "no close");
    return payload.readUInt16BE(0);
  }

  async #frame(): Promise<Message> {
    const { incoming } = this.#connection;
    const [first = 0, second = 0] = await incoming.take(2);
    assert.equal(first & 0x80, 0x80, "a message in several frames");
    assert.equal(first & 0x70, 0, "reserved bits, though no extension was agreed on");
    assert.equal(second & 0x80, 0, "a server masks nothing");
    const opcode = first & 0x0f;
    assert.ok(!TEXT_OR_CONTINUED.has(opcode), `a frame of kind ${opcode}`);
    const length = await this.#length(second);
    assert.ok(length <= MAX_MESSAGE_BYTES, `a message of ${length} bytes`);
    this.longest = Math.max(this.longest, length);
    return { opcode, payload: await incoming.take(length) };
  }

  async #length(short: number): Promise<number> {
    const { incoming } = this.#connection;
    if (short < 126) return short;
    if (short === 126) return (await incoming.take(2)).readUInt16BE(0);
    return Number((await incoming.take(8)).readBigUInt64BE(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** @returns the plain answer to an upgrade that is refused */
export async function refusedUpgrade(
  endpoint: Endpoint,
  target: string,
  headers: Headers,
): Promise<RawHead> {
  const { connection, head } = await begin(endpoint, target, headers);
  await connection[Symbol.asyncDispose]();
  return head;
}

async function begin(endpoint: Endpoint, target: string, headers: Headers) {
  const { key, accept } = webSocketKey();
  const connection = await RawConnection.open(endpoint);
  connection.send({ method: "GET", target, headers: [...headers, ["Sec-WebSocket-Key", key]] });
  return { connection, head: await connection.head(), accept };
}

function headerOf(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | opcode, 0x80 | length]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = 0x80 | (header.length === 4 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

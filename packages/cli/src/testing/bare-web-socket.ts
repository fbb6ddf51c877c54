/** The server's end of a WebSocket, as far as a watcher of logs goes: one message in, several out. Only for tests. */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 0x81;
const CLOSE = 0x88;
const NORMAL_CLOSURE = Buffer.from([1000 >> 8, 1000 & 255]);

export function acceptUpgrade({ headers }: IncomingMessage, socket: Duplex): void {
  const key = headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1")
    .update(key + MAGIC)
    .digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

/** @returns the client's first message, of less than 64 KiB */
export async function firstText(socket: Duplex): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let bytes = Buffer.alloc(0);
  const onData = (piece: Buffer): void => {
    bytes = Buffer.concat([bytes, piece]);
    const text = textIn(bytes);
    if (text === undefined) return;
    socket.off("data", onData);
    resolve(text);
  };
  socket.on("data", onData);
  return await promise;
}

export function sendText(socket: Duplex, text: string): void {
  socket.write(frame(TEXT, Buffer.from(text)));
}

export function sendClose(socket: Duplex): void {
  socket.end(frame(CLOSE, NORMAL_CLOSURE));
}

/** @returns `undefined` until the frame is there whole */
function textIn(bytes: Buffer): string | undefined {
  const short = (bytes[1] ?? 0) & 127;
  const isLong = short === 126;
  const begin = isLong ? 8 : 6;
  if (bytes.length < begin) return undefined;
  const length = isLong ? bytes.readUInt16BE(2) : short;
  if (bytes.length < begin + length) return undefined;
  const mask = bytes.subarray(begin - 4, begin);
  const masked = bytes.subarray(begin, begin + length);
  return Buffer.from(masked.map((byte, at) => byte ^ (mask[at % 4] ?? 0))).toString("utf8");
}

function frame(kind: number, content: Buffer): Buffer {
  const isLong = content.length > 125;
  const head = Buffer.alloc(isLong ? 4 : 2);
  head[0] = kind;
  head[1] = isLong ? 126 : content.length;
  if (isLong) head.writeUInt16BE(content.length, 2);
  return Buffer.concat([head, content]);
}

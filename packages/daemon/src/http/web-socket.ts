/** WebSockets as bounded streams: reading pauses the connection, writing waits for it. */

import type { WebSocket } from "@fastify/websocket";

import { KIB } from "#lib/bytes.ts";
import { incompleteTail } from "#lib/utf8.ts";

/** longest reason that fits a close frame, bytes */
const MAX_REASON_BYTES = 123;

/** read ahead of the consumer before the connection is paused: messages, and bytes of them together */
const MAX_QUEUED = 16;
const MAX_QUEUED_BYTES = 256 * KIB;

const WATCH_MS = 30_000;

export interface Message {
  readonly bytes: Buffer;
  /** otherwise it is text */
  readonly isBinary: boolean;
}

/** Binary messages until the client closes; text messages are ignored. */
export async function* messagesOf(socket: WebSocket, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const { bytes, isBinary } of allMessagesOf(socket, signal)) if (isBinary) yield bytes;
}

/** Messages of both kinds until the client closes. */
export async function* allMessagesOf(
  socket: WebSocket,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const queue: Message[] = [];
  const state = { over: false, queuedBytes: 0, wake: () => {} };
  const wake = () => state.wake();
  const end = () => {
    state.over = true;
    wake();
  };
  const onMessage = (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => {
    const bytes = bufferOf(data);
    queue.push({ bytes, isBinary });
    state.queuedBytes += bytes.length;
    if (queue.length >= MAX_QUEUED || state.queuedBytes >= MAX_QUEUED_BYTES) socket.pause();
    wake();
  };
  socket.on("message", onMessage);
  socket.once("close", end);
  signal.addEventListener("abort", end, { once: true });
  try {
    while (!(state.over && queue.length === 0)) {
      const message = queue.shift();
      if (message) {
        state.queuedBytes -= message.bytes.length;
        yield message;
      } else
        await new Promise<void>((resolve) => {
          state.wake = resolve;
          socket.resume();
        });
    }
  } finally {
    socket.off("message", onMessage);
    signal.removeEventListener("abort", end);
    socket.resume(); // so that a close is still noticed
  }
}

/** Resolves when the bytes left for the kernel; rejects when the connection is gone. */
export function sendMessage(socket: WebSocket, bytes: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.send(bytes, { binary: true }, (error) => (error ? reject(error) : resolve()));
  return promise;
}

/** As `sendMessage`, as a text message. */
export function sendWords(socket: WebSocket, words: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const text = JSON.stringify(words);
  socket.send(text, { binary: false }, (error) => (error ? reject(error) : resolve()));
  return promise;
}

/**
 * Looks now and then whether the client is still there. A connection that is not read, because
 * nobody takes what it brings, would not notice its end: only writing to it does.
 * @returns ends the watch
 */
export function watchClient(socket: WebSocket, everyMs = WATCH_MS): Disposable {
  const timer = setInterval(() => {
    // One that is slow to read is there, and needs no more to read.
    if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.ping();
  }, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Closes with a reason for people, cut to what a close frame can carry: the text may be a guest's. */
export function closeBecause(socket: WebSocket, code: number, reason: string): void {
  const bytes = Buffer.from(reason).subarray(0, MAX_REASON_BYTES);
  socket.close(code, bytes.subarray(0, bytes.length - incompleteTail(bytes)));
}

function bufferOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

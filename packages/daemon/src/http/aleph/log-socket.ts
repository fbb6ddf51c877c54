/** The bare WebSocket of a watcher: its first message, and texts that wait until they are taken. */

import type { WebSocket } from "@fastify/websocket";

import { unlessAborted } from "#lib/patience.ts";

import { pythonJson } from "./python-json.ts";

/** how long a watcher may take nothing of what it is sent, in `ms` */
const SEND_TIMEOUT_MS = 60_000;

/** Waits without a limit in time; what comes after it is not looked at. @returns text, or the bytes of a binary message */
export function firstMessage(socket: WebSocket, signal: AbortSignal): Promise<string | Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<string | Uint8Array>();
  socket.once("message", (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => {
    const bytes = bytesOf(data);
    resolve(isBinary ? bytes : bytes.toString("utf8"));
  });
  return unlessAborted(promise, signal);
}

/** One JSON text. Resolves when it has left for the kernel; rejects when the client is gone, or takes nothing. */
export async function sendWords(socket: WebSocket, value: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.send(pythonJson(value), (error) => (error ? reject(error) : resolve()));
  const timer = setTimeout(() => {
    reject(new Error("The watcher takes nothing"));
    socket.terminate();
  }, SEND_TIMEOUT_MS);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

function bytesOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

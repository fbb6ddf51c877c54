/** A Unix socket on this host: QEMU's character device, or an agent that listens by itself in tests. */

import { once } from "node:events";
import { createConnection, type Socket } from "node:net";

import { pause } from "#lib/patience.ts";

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

/** nobody listens there yet, or nobody more is listened to now */
const PASSING = new Set(["ENOENT", "ECONNREFUSED", "EAGAIN", "ECONNRESET"]);

/** Waits until somebody listens at `path`. Rejects with the signal's reason, or if it can never be. */
export async function connectUnixSocket(path: string, signal: AbortSignal): Promise<Socket> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await connectOnce(path, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

async function connectOnce(path: string, signal: AbortSignal): Promise<Socket> {
  const socket = createConnection({ path });
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && "code" in error && PASSING.has(String(error.code));
}

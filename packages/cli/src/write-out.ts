/** Output with back-pressure: the next bytes are taken only when these have left. */

import { once } from "node:events";
import type { Writable } from "node:stream";

/** @param signal aborted by a closed pipe too: nobody reads any more, so the work must end */
export async function writeOut(
  target: Writable,
  bytes: Uint8Array | string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!target.write(bytes)) await once(target, "drain", { signal });
  signal.throwIfAborted();
}

/** Resolves when everything written before has left, or cannot leave any more. */
export async function flushed(target: Writable): Promise<void> {
  if (target.destroyed || target.writableLength === 0) return;
  await new Promise<void>((resolve) => target.write("", () => resolve()));
}

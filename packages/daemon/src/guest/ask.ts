/** One question to the guest, one answer. */

import { unlessAborted } from "#lib/patience.ts";

import type { Session } from "./session.ts";
import type { Call } from "./stream.ts";

/** @param signal stops the guest's work on it, too */
export async function ask<Result>(
  session: Session,
  call: Call<never, Result>,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  const stream = session.open(call);
  try {
    return await unlessAborted(stream.closed, signal);
  } finally {
    stream.cancel(); // does nothing once it was answered
  }
}

/** Copying out of the guest: one `copyOut` stream, read as an iterable. */

import type { GuestCopyOut, GuestSource } from "#core/ports/guest-link.ts";
import { unlessAborted } from "#lib/patience.ts";

import { readSent, readSource, type SourceFacts } from "./replies.ts";
import { copyOutRequest } from "./requests.ts";
import type { Session } from "./session.ts";
import type { GuestStream } from "./stream.ts";

/** @param signal aborts the copy, also while its content is read: that then rejects with the reason */
export async function copyOut(
  session: Session,
  request: GuestCopyOut,
  signal: AbortSignal,
): Promise<GuestSource> {
  signal.throwIfAborted();
  const call = { request: copyOutRequest(request), started: readSource, result: readSent };
  const stream = session.open(call);
  try {
    const facts = await unlessAborted(stream.started, signal);
    return {
      ...facts,
      content: contentOf(session, stream, signal),
      cancel: () => stream.cancel(),
    };
  } catch (error) {
    stream.cancel();
    throw error;
  }
}

async function* contentOf(
  session: Session,
  stream: GuestStream<SourceFacts, number>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let receivedBytes = 0;
  const onAbort = () => stream.cancel();
  signal.addEventListener("abort", onAbort);
  try {
    for (;;) {
      signal.throwIfAborted();
      const piece = await unlessAborted(stream.incoming.take(), signal);
      if (piece === undefined) break;
      receivedBytes += piece.bytes.length;
      yield piece.bytes;
    }
    const sentBytes = await stream.closed;
    if (sentBytes === receivedBytes) return;
    throw session.breach(`${sentBytes} bytes were announced, ${receivedBytes} arrived`);
  } finally {
    signal.removeEventListener("abort", onAbort);
    stream.cancel(); // a reader who leaves early wants no more
  }
}

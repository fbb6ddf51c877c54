/** Copying into the guest: one `copyIn` stream, fed from an iterable. */

import type { GuestCopied, GuestCopyIn } from "#core/ports/guest-link.ts";
import { settlesWithin, unlessAborted } from "#lib/patience.ts";

import { type Fields, fieldsOf } from "./fields.ts";
import { readCopied } from "./replies.ts";
import { copyInRequest } from "./requests.ts";
import type { Session } from "./session.ts";
import type { GuestStream } from "./stream.ts";

/** how long the guest may take to clean up after a copy that was given up */
const CANCEL_PATIENCE_MS = 2_000;

type CopyStream = GuestStream<void, GuestCopied>;

/**
 * Content is asked for only when the guest has accepted the target. If the guest refuses in the
 * middle, the content fails, or `signal` aborts, the rest of the content is not read.
 */
// eslint-disable-next-line max-params -- the shape of the port, and the session
export async function copyIn(
  session: Session,
  request: GuestCopyIn,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<GuestCopied> {
  signal.throwIfAborted();
  const stream: CopyStream = session.open({
    request: copyInRequest(request),
    started: readReady,
    result: readCopied,
  });
  try {
    await unlessAborted(stream.started, signal);
    const sentBytes = await feed(stream, content, signal);
    stream.outgoing.end();
    const copied = await unlessAborted(stream.closed, signal);
    if (request.format === "tar" || copied.bytes === sentBytes) return copied;
    throw session.breach(`${sentBytes} bytes were sent, ${copied.bytes} arrived`);
  } catch (error) {
    stream.cancel();
    await settlesWithin(stream.closed, CANCEL_PATIENCE_MS);
    throw error;
  }
}

/** @returns the number of bytes sent; ends early when the guest has given its result already */
async function feed(
  stream: CopyStream,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const stop = AbortSignal.any([signal, stream.over]);
  const source = content[Symbol.asyncIterator]();
  let sentBytes = 0;
  let finished = false;
  try {
    while (!finished) {
      stop.throwIfAborted(); // before asking: an answer that nobody awaits must not fail unheard
      const next = await unlessAborted(source.next(), stop);
      finished = next.done === true;
      if (next.done === true) continue;
      await stream.outgoing.write(next.value, stop);
      sentBytes += next.value.length;
    }
  } catch (error) {
    if (!stream.over.aborted) throw error;
    signal.throwIfAborted(); // the caller's own reason goes first
  } finally {
    // Not awaited: a source that is stuck would hold up the answer. Its own failure changes nothing now.
    if (!finished) source.return?.().catch(() => undefined);
  }
  return sentBytes;
}

function readReady(event: Fields): void {
  fieldsOf(event, "ready");
}

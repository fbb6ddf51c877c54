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
  const cancel = () => stream.cancel(); // does nothing when it is over, as when the guest refused
  signal.addEventListener("abort", cancel);
  stream.over.addEventListener("abort", () => signal.removeEventListener("abort", cancel));
  const facts = await unlessAborted(stream.started, signal);
  return { ...facts, content: new Content(session, stream, signal), cancel };
}

type CopyStream = GuestStream<SourceFacts, number>;

/** The bytes, once; a reader who leaves early, even before the first byte, cancels the copy. */
class Content implements AsyncIterableIterator<Uint8Array> {
  readonly #stream: CopyStream;
  readonly #bytes: AsyncGenerator<Uint8Array, undefined>;

  constructor(session: Session, stream: CopyStream, signal: AbortSignal) {
    this.#stream = stream;
    this.#bytes = bytesOf(session, stream, signal);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#bytes.next();
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#stream.cancel();
    return this.#bytes.return(undefined);
  }
}

async function* bytesOf(
  session: Session,
  stream: CopyStream,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, undefined> {
  let receivedBytes = 0;
  for (;;) {
    signal.throwIfAborted(); // before asking: an answer that nobody awaits must not fail unheard
    const piece = await unlessAborted(stream.incoming.take(), signal);
    if (piece === undefined) break;
    receivedBytes += piece.bytes.length;
    yield piece.bytes;
  }
  const sentBytes = await stream.closed;
  if (sentBytes === receivedBytes) return undefined;
  throw session.breach(`${sentBytes} bytes were announced, ${receivedBytes} arrived`);
}

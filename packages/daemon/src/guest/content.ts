/** The bytes of a stream whose result says how many the guest sent, read as an iterable. */

import { unlessAborted } from "#lib/patience.ts";

import type { Session } from "./session.ts";
import type { GuestStream } from "./stream.ts";

/** A stream that ends with the number of bytes it carried. */
export type ContentStream = Pick<
  GuestStream<unknown, number>,
  "incoming" | "closed" | "over" | "cancel"
>;

/** Once the signal aborts, the stream is cancelled; for as long as there is a stream. */
export function cancelOnAbort(stream: ContentStream, signal: AbortSignal): void {
  const cancel = () => stream.cancel(); // does nothing when it is over, as when the guest refused
  signal.addEventListener("abort", cancel);
  stream.over.addEventListener("abort", () => signal.removeEventListener("abort", cancel));
}

/** The bytes, once; a reader who leaves early, even before the first byte, cancels the stream. */
export class Content implements AsyncIterableIterator<Uint8Array> {
  readonly #stream: ContentStream;
  readonly #bytes: AsyncGenerator<Uint8Array, undefined>;

  /** @param promisedBytes what the guest said beforehand; one byte more or less breaks the protocol */
  constructor(
    session: Session,
    stream: ContentStream,
    signal: AbortSignal,
    promisedBytes?: number,
  ) {
    this.#stream = stream;
    this.#bytes = bytesOf(session, stream, signal, promisedBytes);
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
  stream: ContentStream,
  signal: AbortSignal,
  promisedBytes: number | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  let receivedBytes = 0;
  for (;;) {
    signal.throwIfAborted(); // before asking: an answer that nobody awaits must not fail unheard
    const piece = await unlessAborted(stream.incoming.take(), signal);
    if (piece === undefined) break;
    receivedBytes += piece.bytes.length;
    // Before it is handed on: who was told a length may have passed it on already.
    if (receivedBytes > (promisedBytes ?? Infinity)) {
      throw session.breach(`${promisedBytes} bytes were promised, ${receivedBytes} arrived`);
    }
    yield piece.bytes;
  }
  const sentBytes = await stream.closed;
  const announcedBytes = promisedBytes ?? sentBytes;
  if (sentBytes === receivedBytes && announcedBytes === receivedBytes) return undefined;
  throw session.breach(`${announcedBytes} bytes were announced, ${receivedBytes} arrived`);
}

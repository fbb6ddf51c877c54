/** A connection made inside the guest: one `forward` stream. */

import type { ConnectionEnd, GuestConnection, GuestTarget } from "#core/ports/guest-connection.ts";
import { unlessAborted } from "#lib/patience.ts";

import { countOf, type Fields, fieldsOf } from "./fields.ts";
import { forwardRequest } from "./requests.ts";
import type { Session } from "./session.ts";
import type { GuestStream } from "./stream.ts";

type ForwardStream = GuestStream<void, ConnectionEnd>;

/** @param signal aborts the connecting: the guest is told to close what it may have opened */
export async function connect(
  session: Session,
  target: GuestTarget,
  signal: AbortSignal,
): Promise<GuestConnection> {
  signal.throwIfAborted();
  const stream: ForwardStream = session.open({
    request: forwardRequest(target),
    started: readConnected,
    result: readConnectionEnd,
  });
  try {
    await unlessAborted(stream.started, signal);
    return new AgentConnection(stream);
  } catch (error) {
    stream.cancel(); // does nothing when it was the guest that refused
    throw error;
  }
}

class AgentConnection implements GuestConnection {
  readonly output: AsyncIterable<Uint8Array>;
  readonly ended: Promise<ConnectionEnd>;
  readonly #stream: ForwardStream;

  constructor(stream: ForwardStream) {
    this.output = { [Symbol.asyncIterator]: () => outputOf(stream) };
    this.ended = stream.closed;
    this.#stream = stream;
  }

  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#stream.outgoing.write(bytes, signal);
  }

  endInput(): void {
    this.#stream.outgoing.end();
  }

  cancel(): void {
    this.#stream.cancel();
  }
}

async function* outputOf(stream: ForwardStream): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = await stream.incoming.take();
    if (piece === undefined) return;
    yield piece.bytes;
  }
}

function readConnected(event: Fields): void {
  fieldsOf(event, "connected");
}

function readConnectionEnd(reply: Fields): ConnectionEnd {
  return { sentBytes: countOf(reply, "sent"), receivedBytes: countOf(reply, "received") };
}

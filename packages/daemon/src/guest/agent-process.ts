/** A process in the guest: one `exec` stream. */

import type {
  GuestExec,
  GuestProcess,
  ProcessEnd,
  ProcessOutput,
  TerminalSize,
} from "#core/ports/guest-link.ts";
import { unlessAborted } from "#lib/patience.ts";

import { readProcessEnd, readStarted } from "./replies.ts";
import { execRequest, resizeControl, signalControl } from "./requests.ts";
import type { Session } from "./session.ts";
import type { GuestStream } from "./stream.ts";

/** @param signal aborts the start: the guest is told to kill what it may have begun */
export async function startProcess(
  session: Session,
  exec: GuestExec,
  signal: AbortSignal,
): Promise<GuestProcess> {
  signal.throwIfAborted();
  const call = { request: execRequest(exec), started: readStarted, result: readProcessEnd };
  const stream = session.open(call);
  try {
    const pid = await unlessAborted(stream.started, signal);
    return new AgentProcess(pid, stream);
  } catch (error) {
    stream.cancel(); // does nothing when it was the guest that refused
    throw error;
  }
}

class AgentProcess implements GuestProcess {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  readonly output: AsyncIterable<ProcessOutput>;
  readonly #stream: GuestStream<number, ProcessEnd>;

  constructor(pid: number, stream: GuestStream<number, ProcessEnd>) {
    this.pid = pid;
    this.ended = stream.closed;
    this.output = { [Symbol.asyncIterator]: () => outputOf(stream) };
    this.#stream = stream;
  }

  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#stream.outgoing.write(bytes, signal);
  }

  endInput(): void {
    this.#stream.outgoing.end();
  }

  resize(size: TerminalSize): void {
    this.#stream.control(resizeControl(size));
  }

  kill(signal: string): void {
    this.#stream.control(signalControl(signal));
  }

  cancel(): void {
    this.#stream.cancel();
  }
}

async function* outputOf(stream: GuestStream<number, ProcessEnd>): AsyncGenerator<ProcessOutput> {
  for (;;) {
    const piece = await stream.incoming.take();
    if (piece === undefined) return;
    yield { stream: piece.channel === "DATA" ? "stdout" : "stderr", bytes: piece.bytes };
  }
}

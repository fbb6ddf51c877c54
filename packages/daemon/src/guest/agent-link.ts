/** Fills the core's `GuestLink` with one session: what is asked for becomes streams. */

import type {
  GuestConfiguration,
  GuestCopied,
  GuestCopyIn,
  GuestCopyOut,
  GuestExec,
  GuestHealth,
  GuestIdentity,
  GuestLink,
  GuestProcess,
  GuestSource,
  GuestStats,
} from "#core/ports/guest-link.ts";
import { unlessAborted } from "#lib/patience.ts";

import { startProcess } from "./agent-process.ts";
import { copyIn } from "./copy-in.ts";
import { copyOut } from "./copy-out.ts";
import { readApplied, readHealth, readStats } from "./replies.ts";
import { configureRequest, healthRequest, powerRequest, statsRequest } from "./requests.ts";
import type { Session } from "./session.ts";
import type { Call } from "./stream.ts";

export class AgentLink implements GuestLink {
  readonly agent: GuestIdentity;
  readonly closed: Promise<Error>;
  readonly #session: Session;

  constructor(session: Session) {
    this.agent = session.identity;
    this.closed = session.closed;
    this.#session = session;
  }

  holdLiveness(): Disposable {
    return this.#session.holdLiveness();
  }

  health(signal: AbortSignal): Promise<GuestHealth> {
    return this.#ask({ request: healthRequest, result: readHealth }, signal);
  }

  stats(signal: AbortSignal): Promise<GuestStats> {
    return this.#ask({ request: statsRequest, result: readStats }, signal);
  }

  configure(wanted: GuestConfiguration, signal: AbortSignal): Promise<readonly string[]> {
    return this.#ask({ request: configureRequest(wanted), result: readApplied }, signal);
  }

  power(action: "poweroff" | "reboot", signal: AbortSignal): Promise<void> {
    return this.#ask({ request: powerRequest(action), result: () => undefined }, signal);
  }

  exec(request: GuestExec, signal: AbortSignal): Promise<GuestProcess> {
    return startProcess(this.#session, request, signal);
  }

  copyIn(
    request: GuestCopyIn,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<GuestCopied> {
    return copyIn(this.#session, request, content, signal);
  }

  copyOut(request: GuestCopyOut, signal: AbortSignal): Promise<GuestSource> {
    return copyOut(this.#session, request, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#session[Symbol.asyncDispose]();
  }

  /** One question, one answer. */
  async #ask<Result>(call: Call<never, Result>, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    const stream = this.#session.open(call);
    try {
      return await unlessAborted(stream.closed, signal);
    } finally {
      stream.cancel(); // does nothing once it was answered
    }
  }
}

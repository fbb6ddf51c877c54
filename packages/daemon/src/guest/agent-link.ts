/** Fills the core's `GuestLink` with one session: what is asked for becomes streams. */

import type { GuestConnection, GuestTarget } from "#core/ports/guest-connection.ts";
import type {
  GuestConfiguration,
  GuestCopied,
  GuestCopyIn,
  GuestCopyOut,
  GuestEntry,
  GuestExec,
  GuestHealth,
  GuestIdentity,
  GuestLink,
  GuestMakeDirectory,
  GuestPath,
  GuestProcess,
  GuestRemove,
  GuestSource,
  GuestStats,
} from "#core/ports/guest-link.ts";
import { unlessAborted } from "#lib/patience.ts";

import { startProcess } from "./agent-process.ts";
import { connect } from "./connection.ts";
import { copyIn } from "./copy-in.ts";
import { copyOut } from "./copy-out.ts";
import { readDirectory } from "./directory.ts";
import { readStat } from "./entries.ts";
import { readApplied, readHealth, readStats } from "./replies.ts";
import {
  configureRequest,
  healthRequest,
  makeDirectoryRequest,
  powerRequest,
  removeRequest,
  statRequest,
  statsRequest,
} from "./requests.ts";
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

  get latencyMs(): number | undefined {
    return this.#session.latencyMs;
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

  forward(target: GuestTarget, signal: AbortSignal): Promise<GuestConnection> {
    return connect(this.#session, target, signal);
  }

  stat(at: GuestPath, signal: AbortSignal): Promise<GuestEntry> {
    return this.#ask({ request: statRequest(at), result: readStat }, signal);
  }

  readDirectory(at: GuestPath, signal: AbortSignal): Promise<AsyncIterable<GuestEntry>> {
    return readDirectory(this.#session, at, signal);
  }

  makeDirectory(wanted: GuestMakeDirectory, signal: AbortSignal): Promise<void> {
    return this.#ask({ request: makeDirectoryRequest(wanted), result: () => undefined }, signal);
  }

  remove(request: GuestRemove, signal: AbortSignal): Promise<void> {
    return this.#ask({ request: removeRequest(request), result: () => undefined }, signal);
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

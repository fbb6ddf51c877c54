/** Fills the core's `GuestLink` with one session: what is asked for becomes streams. */

import type {
  BackgroundKeep,
  BackgroundStart,
  GuestBackground,
} from "#core/ports/guest-background.ts";
import type { GuestConnection, GuestTarget } from "#core/ports/guest-connection.ts";
import type { GuestNewIdentity, GuestReceipt, GuestStillness } from "#core/ports/guest-identity.ts";
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
import type {
  GuestEntry,
  GuestMakeDirectory,
  GuestPath,
  GuestRemove,
} from "#core/ports/guest-files.ts";
import type { GuestChange, GuestWatch } from "#core/ports/guest-watch.ts";

import { startProcess } from "./agent-process.ts";
import { ask } from "./ask.ts";
import { readBackgroundStart } from "./background-replies.ts";
import { AgentBackground } from "./background.ts";
import { connect } from "./connection.ts";
import { copyIn } from "./copy-in.ts";
import { copyOut } from "./copy-out.ts";
import { readDirectory } from "./directory.ts";
import { readStat } from "./entries.ts";
import { quiesce, reidentify } from "./identity.ts";
import { readApplied, readHealth, readStats } from "./replies.ts";
import {
  backgroundStartRequest,
  configureRequest,
  healthRequest,
  makeDirectoryRequest,
  powerRequest,
  removeRequest,
  statRequest,
  statsRequest,
} from "./requests.ts";
import type { Session } from "./session.ts";
import { watch } from "./watch.ts";

export class AgentLink implements GuestLink {
  readonly agent: GuestIdentity;
  readonly closed: Promise<Error>;
  readonly background: GuestBackground;
  readonly #session: Session;

  constructor(session: Session) {
    this.agent = session.identity;
    this.closed = session.closed;
    this.background = new AgentBackground(session);
    this.#session = session;
  }

  get latencyMs(): number | undefined {
    return this.#session.latencyMs;
  }

  holdLiveness(): Disposable {
    return this.#session.holdLiveness();
  }

  health(signal: AbortSignal): Promise<GuestHealth> {
    return ask(this.#session, { request: healthRequest, result: readHealth }, signal);
  }

  stats(signal: AbortSignal): Promise<GuestStats> {
    return ask(this.#session, { request: statsRequest, result: readStats }, signal);
  }

  configure(wanted: GuestConfiguration, signal: AbortSignal): Promise<readonly string[]> {
    return ask(this.#session, { request: configureRequest(wanted), result: readApplied }, signal);
  }

  quiesce(signal: AbortSignal): Promise<GuestStillness> {
    return quiesce(this.#session, signal);
  }

  reidentify(identity: GuestNewIdentity, signal: AbortSignal): Promise<GuestReceipt> {
    return reidentify(this.#session, identity, signal);
  }

  power(action: "poweroff" | "reboot", signal: AbortSignal): Promise<void> {
    return ask(this.#session, { request: powerRequest(action), result: () => undefined }, signal);
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
    return ask(this.#session, { request: statRequest(at), result: readStat }, signal);
  }

  readDirectory(at: GuestPath, signal: AbortSignal): Promise<AsyncIterable<GuestEntry>> {
    return readDirectory(this.#session, at, signal);
  }

  makeDirectory(wanted: GuestMakeDirectory, signal: AbortSignal): Promise<void> {
    return ask(
      this.#session,
      { request: makeDirectoryRequest(wanted), result: () => undefined },
      signal,
    );
  }

  remove(request: GuestRemove, signal: AbortSignal): Promise<void> {
    return ask(this.#session, { request: removeRequest(request), result: () => undefined }, signal);
  }

  startInBackground(
    program: GuestExec,
    keep: BackgroundKeep,
    signal: AbortSignal,
  ): Promise<BackgroundStart> {
    const request = backgroundStartRequest(program, keep);
    return ask(this.#session, { request, result: readBackgroundStart }, signal);
  }

  watch(wanted: GuestWatch, signal: AbortSignal): Promise<AsyncIterable<GuestChange>> {
    return watch(this.#session, wanted, signal);
  }

  get openStreams(): number {
    return this.#session.openStreams;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#session[Symbol.asyncDispose]();
  }
}

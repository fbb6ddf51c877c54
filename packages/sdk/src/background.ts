/**
 * Commands that go on in a guest without anybody connected. The guest keeps the newest of their
 * output in a ring of bytes and says where something was dropped.
 */

import { askJson, jsonRequest } from "./answer-text.ts";
import { type BackgroundFrame, backgroundFrames } from "./background-frames.ts";
import {
  BACKGROUND_END,
  BACKGROUND_INFO,
  type BackgroundEnd,
  type BackgroundInfo,
  KILLED_BACKGROUND,
  type KilledBackground,
  REAPED_BACKGROUND,
  type ReapedBackground,
  STARTED_BACKGROUND,
  type StartedBackground,
} from "./background-resources.ts";
import { type CommandSpec, commandQuery } from "./exec.ts";
import { readNdjson } from "./ndjson.ts";
import { urlPath } from "./query.ts";
import { asResource, asResources } from "./resource.ts";
import type { Wire } from "./wire.ts";

/** Without `uid` it runs as the guest's default user; without `shell` no shell interprets `cmd`. */
export interface BackgroundSpec extends CommandSpec {
  /** how much of the newest output is kept, in bytes; default 1 MiB */
  readonly ringBytes?: number;
}

export interface BackgroundLogOptions {
  /** go on with what comes until the command ends */
  readonly follow?: boolean;
  /** first frame wanted; default: the oldest that is kept */
  readonly fromId?: number;
}

export interface KillOptions {
  /** `TERM` (default), `KILL`, `INT`, `HUP`, `QUIT`, `USR1`, `USR2` */
  readonly signal?: string;
  /** after `TERM`: how long it may take before `KILL`; default 5 s */
  readonly graceMs?: number;
}

export class BackgroundApi<B extends Uint8Array> {
  readonly #wire: Wire<B>;

  constructor(wire: Wire<B>) {
    this.#wire = wire;
  }

  async start(
    hostname: string,
    spec: BackgroundSpec,
    signal: AbortSignal,
  ): Promise<StartedBackground> {
    const { ringBytes } = spec;
    const query = { ...commandQuery(spec), background: true, ring_bytes: ringBytes };
    const path = urlPath`/vm/${hostname}/exec`;
    return asResource(
      await askJson(this.#wire, { method: "POST", path, query }, signal),
      STARTED_BACKGROUND,
    );
  }

  /** Those that run, and those that ended and were not removed. */
  async list(hostname: string, signal: AbortSignal): Promise<readonly BackgroundInfo[]> {
    const path = urlPath`/vm/${hostname}/exec`;
    return asResources(await askJson(this.#wire, { method: "GET", path }, signal), BACKGROUND_INFO);
  }

  /** @throws AlcoveApiError 404 for an id that never was, 410 for one that was removed */
  async info(hostname: string, id: string, signal: AbortSignal): Promise<BackgroundInfo> {
    const path = urlPath`/vm/${hostname}/exec/${id}`;
    return asResource(await askJson(this.#wire, { method: "GET", path }, signal), BACKGROUND_INFO);
  }

  /** Leaving the loop early ends the reading, not the command. */
  async *logs(
    hostname: string,
    id: string,
    { follow, fromId }: BackgroundLogOptions,
    signal: AbortSignal,
  ): AsyncGenerator<BackgroundFrame<B>> {
    const path = urlPath`/vm/${hostname}/exec/${id}/logs`;
    const query = { follow: follow ? true : undefined, from_id: fromId };
    const answer = await this.#wire.open({ method: "GET", path, query }, signal);
    try {
      for await (const line of readNdjson(answer.chunks())) {
        yield* backgroundFrames(line, this.#wire.codec);
      }
    } finally {
      answer.close();
    }
  }

  async kill(
    hostname: string,
    id: string,
    { signal: name, graceMs }: KillOptions,
    signal: AbortSignal,
  ): Promise<KilledBackground> {
    const body = {
      ...(name === undefined ? {} : { signal: name }),
      ...(graceMs === undefined ? {} : { grace_ms: graceMs }),
    };
    const request = jsonRequest("POST", urlPath`/vm/${hostname}/exec/${id}/kill`, body);
    return asResource(await askJson(this.#wire, request, signal), KILLED_BACKGROUND);
  }

  /** @param timeoutSec whole seconds, 1 to 600; `undefined` is the host's 30 */
  async wait(
    hostname: string,
    id: string,
    timeoutSec: number | undefined,
    signal: AbortSignal,
  ): Promise<BackgroundEnd> {
    const path = urlPath`/vm/${hostname}/exec/${id}/wait-exit`;
    const request = { method: "GET", path, query: { timeout: timeoutSec } } as const;
    return asResource(await askJson(this.#wire, request, signal), BACKGROUND_END);
  }

  /** Forgets a command that has ended, and its output. @throws AlcoveApiError 409 while it runs */
  async remove(hostname: string, id: string, signal: AbortSignal): Promise<ReapedBackground> {
    const path = urlPath`/vm/${hostname}/exec/${id}`;
    return asResource(
      await askJson(this.#wire, { method: "DELETE", path }, signal),
      REAPED_BACKGROUND,
    );
  }
}

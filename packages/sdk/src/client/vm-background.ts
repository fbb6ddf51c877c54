/** `vm.bg`: commands that go on without anybody connected. */

import type { KillOptions } from "../background.ts";
import type {
  BackgroundEnd,
  BackgroundInfo,
  KilledBackground,
  ReapedBackground,
  StartedBackground,
} from "../background-resources.ts";
import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { HostApi } from "../host-api.ts";
import { type CallOptions, signalOf } from "./call.ts";
import { type CommandRequest, specOf } from "./exec-request.ts";
import { type BackgroundFrame, OutputText } from "./frames.ts";

export interface BackgroundRequest extends CommandRequest {
  /** how much of the newest output is kept, in bytes; default 1 MiB */
  readonly ringBytes?: number;
}

export interface LogRequest extends CallOptions {
  /** go on with what comes until the command ends; default: end with what is there */
  readonly follow?: boolean;
  /** first frame wanted; one that is gone gives a `gap` first */
  readonly fromId?: number;
}

export interface KillRequest {
  /** `TERM` (default), `KILL`, `INT`, `HUP`, `QUIT`, `USR1`, `USR2` */
  readonly signal?: string;
  /** after `TERM`: how long it may take before `KILL`; default 5 s */
  readonly graceMs?: number;
}

export class VmBackground<B extends Uint8Array = Uint8Array> {
  readonly #api: HostApi<B>;
  readonly #hostname: string;

  constructor(api: HostApi<B>, hostname: string) {
    this.#api = api;
    this.#hostname = hostname;
  }

  /** Starts it; it outlives the connection. Without `uid` it is the guest's default user's. */
  async exec(
    request: BackgroundRequest,
    options: CallOptions = {},
  ): Promise<CamelKeys<StartedBackground>> {
    const { ringBytes } = request;
    const spec = { ...specOf(request), ...(ringBytes === undefined ? {} : { ringBytes }) };
    return camelKeys(await this.#api.background.start(this.#hostname, spec, signalOf(options)));
  }

  /** Those that run, and those that ended and were not removed. */
  async list(options: CallOptions = {}): Promise<readonly CamelKeys<BackgroundInfo>[]> {
    return camelKeys(await this.#api.background.list(this.#hostname, signalOf(options)));
  }

  /** @throws AlcoveApiError 404 for an id that never was, 410 for one that was removed */
  async info(execId: string, options: CallOptions = {}): Promise<CamelKeys<BackgroundInfo>> {
    return camelKeys(await this.#api.background.info(this.#hostname, execId, signalOf(options)));
  }

  /** Leaving the loop ends the reading, not the command. */
  async *logs(execId: string, request: LogRequest = {}): AsyncGenerator<BackgroundFrame<B>> {
    const text = new OutputText();
    const { signal: _, ...options } = request;
    const frames = this.#api.background.logs(this.#hostname, execId, options, signalOf(request));
    for await (const frame of frames) yield text.background(frame);
  }

  /** Signals the command and its children. Harmless when it has ended. */
  async kill(
    execId: string,
    request: KillRequest = {},
    options: CallOptions = {},
  ): Promise<CamelKeys<KilledBackground>> {
    const how: KillOptions = request;
    return camelKeys(
      await this.#api.background.kill(this.#hostname, execId, how, signalOf(options)),
    );
  }

  /** @param timeoutSec 1 to 600; default 30. The answer says whether the time ran out */
  async wait(
    execId: string,
    timeoutSec?: number,
    options: CallOptions = {},
  ): Promise<CamelKeys<BackgroundEnd>> {
    const signal = signalOf(options);
    return camelKeys(await this.#api.background.wait(this.#hostname, execId, timeoutSec, signal));
  }

  /** Forgets a command that has ended, and its output. @throws AlcoveApiError 409 while it runs */
  async remove(execId: string, options: CallOptions = {}): Promise<CamelKeys<ReapedBackground>> {
    return camelKeys(await this.#api.background.remove(this.#hostname, execId, signalOf(options)));
  }
}

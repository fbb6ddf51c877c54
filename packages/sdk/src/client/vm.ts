/**
 * A VM: everything that is done to one. The facts (`ip`, `status`, `tags`) are those of the moment
 * when the handle was made; `describe` asks anew.
 */

import { AlcoveApiError } from "../api-error.ts";
import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { CopyInOptions, CopyOut, CopyOutOptions } from "../copy.ts";
import type { TimelineRange } from "../event-stream.ts";
import type { HostApi, ShellOptions } from "../host-api.ts";
import type { LiveForked } from "../live-fork.ts";
import type { VmMeters } from "../native-host-shapes.ts";
import type { VmEvent } from "../event-shapes.ts";
import type { VmDetails } from "../native-shapes.ts";
import type {
  CreatedVm,
  DeletedVm,
  TagChange,
  Vm as WireVm,
  VmHealth,
  VmLogs,
} from "../resources.ts";
import { followConsole } from "../serial-console.ts";
import type { ShellSession } from "../shell.ts";
import type { VmStats } from "../stats.ts";
import type { VmDescription } from "../vm-description.ts";
import type { Content } from "../wire.ts";
import { type CallOptions, signalOf } from "./call.ts";
import { type ExecRequest, execSpecOf } from "./exec-request.ts";
import { type ExecFrame, OutputText } from "./frames.ts";
import type { MeterOptions } from "./host.ts";
import { type LiveForkRequest, liveForkSpecOf } from "./live-fork.ts";
import { type WaitOptions, untilAgentAnswers, untilUserdataIsDone } from "./readiness.ts";
import { VmBackground } from "./vm-background.ts";
import { VmFiles } from "./vm-files.ts";
import { VmTerminals } from "./vm-terminals.ts";

/** What is known of a VM: at least its name and group. */
export type VmFacts = Partial<CamelKeys<WireVm>> & {
  readonly hostname: string;
  readonly hostgroup: string;
};

export interface BufferedResult<O> {
  /** 128+n when a signal ended it; 126 or 127 when it could not be started */
  readonly exitCode: number;
  readonly stdout: O;
  readonly stderr: O;
  /** name of the signal that ended the process */
  readonly signal?: string;
  /** why the process could not be started */
  readonly error?: string;
  readonly encoding: "text" | "base64";
}

export interface RestoreRequest extends CallOptions {
  /** return when the agent answers */
  readonly wait?: "agent";
  readonly waitTimeoutSec?: number;
}

export class Vm<B extends Uint8Array = Uint8Array> implements AsyncDisposable {
  readonly hostname: string;
  readonly hostgroup: string;
  /** without prefix length; empty where it is not known */
  readonly ip: string;
  readonly tags: readonly string[];
  /** `Running`, `Paused`, `Stopped`, `Suspended` when the handle was made; where it is not known, absent as the rest is */
  readonly status: string | undefined;
  readonly cpus: number | undefined;
  readonly ramBytes: number | undefined;
  readonly arch: string | undefined;
  readonly persistent: boolean | undefined;
  /** RFC 3339 */
  readonly createdAt: string | undefined;
  /** everything that is known */
  readonly facts: VmFacts;
  readonly fs: VmFiles<B>;
  readonly bg: VmBackground<B>;
  readonly terminals: VmTerminals<B>;
  readonly #api: HostApi<B>;

  constructor(api: HostApi<B>, facts: VmFacts) {
    this.#api = api;
    this.facts = facts;
    this.hostname = facts.hostname;
    this.hostgroup = facts.hostgroup;
    this.ip = facts.ip ?? "";
    this.tags = facts.tags ?? [];
    this.status = facts.status;
    this.cpus = facts.cpus;
    this.ramBytes = facts.ramBytes;
    this.arch = facts.arch;
    this.persistent = facts.persistent;
    this.createdAt = facts.createdAt;
    this.fs = new VmFiles(api, facts.hostname);
    this.bg = new VmBackground(api, facts.hostname);
    this.terminals = new VmTerminals(api, facts.hostname);
  }

  /** The facts alone, for `JSON.stringify`. */
  toJSON(): VmFacts {
    return this.facts;
  }

  /** Runs a command; its frames as they come. Leaving the loop kills it. */
  async *exec(request: ExecRequest, options: CallOptions = {}): AsyncGenerator<ExecFrame<B>> {
    const text = new OutputText();
    const frames = this.#api.exec(this.hostname, execSpecOf(request), signalOf(options));
    for await (const frame of frames) yield text.exec(frame);
  }

  /** Runs a command to its end. A non-zero exit code is a result, not an error. */
  execBuffered(
    request: ExecRequest & { readonly stdio: "base64" },
    options?: CallOptions,
  ): Promise<BufferedResult<B>>;
  execBuffered(request: ExecRequest, options?: CallOptions): Promise<BufferedResult<string>>;
  async execBuffered(
    request: ExecRequest,
    options: CallOptions = {},
  ): Promise<BufferedResult<B | string>> {
    const result = await this.#api.exec(this.hostname, execSpecOf(request), signalOf(options));
    if (request.stdio === "base64") return { ...result, encoding: "base64" };
    const text = (bytes: B): string => new TextDecoder().decode(bytes);
    const { stdout, stderr } = result;
    return { ...result, encoding: "text", stdout: text(stdout), stderr: text(stderr) };
  }

  /** A terminal. Ends with the shell, or when its session is closed. */
  async shell(options: ShellOptions & CallOptions = {}): Promise<ShellSession<B>> {
    const { signal: _, ...rest } = options;
    return await this.#api.shell(this.hostname, rest, signalOf(options));
  }

  /** One file, or a tar, as a stream into the guest. */
  async copyIn(target: CopyInOptions, content: Content, options: CallOptions = {}): Promise<void> {
    await this.#api.copyIn(this.hostname, target, content, signalOf(options));
  }

  /** One file, or a directory as a tar, as a stream out of the guest. */
  async copyOut(source: CopyOutOptions, options: CallOptions = {}): Promise<CopyOut<B>> {
    return await this.#api.copyOut(this.hostname, source, signalOf(options));
  }

  /** @throws AlcoveApiError while the agent does not answer */
  async health(options: CallOptions = {}): Promise<CamelKeys<VmHealth>> {
    return camelKeys(await this.#api.vmHealth(this.hostname, signalOf(options)));
  }

  /** Asks until the agent answers. @throws AlcoveTimeoutError */
  async waitForAgent(options: WaitOptions = {}): Promise<CamelKeys<VmHealth>> {
    return camelKeys(await untilAgentAnswers(this.#api, this.hostname, options));
  }

  /** Asks until the first-boot script is done. @throws UserdataError when it failed */
  async waitForUserdata(options: WaitOptions = {}): Promise<CamelKeys<VmHealth>> {
    return camelKeys(await untilUserdataIsDone(this.#api, this.hostname, options));
  }

  /** The serial console. Without `lines` the last 20; 0 is all. */
  async logs(options: CallOptions & { readonly lines?: number } = {}): Promise<VmLogs> {
    return await this.#api.logs(this.hostname, options.lines, signalOf(options));
  }

  /**
   * The serial console as it is written: first the newest `tailBytes` of what is kept (default none). Resolves when the host
   * has answered; leaving the loop ends it, and so does the VM's deletion.
   */
  async console(
    options: CallOptions & { readonly tailBytes?: number } = {},
  ): Promise<AsyncGenerator<B>> {
    const { tailBytes = 0 } = options;
    return await followConsole(this.#api.wire, this.hostname, tailBytes, signalOf(options));
  }

  /** What the guest uses; `snapshot` is `null` when it could not be asked. */
  async stats(options: CallOptions = {}): Promise<CamelKeys<VmStats>> {
    return camelKeys(await this.#api.vmStats(this.hostname, signalOf(options)));
  }

  /** What it used over the last hour, in columns, oldest first. */
  async meters(options: MeterOptions = {}): Promise<CamelKeys<VmMeters>> {
    const { after } = options;
    const signal = signalOf(options);
    return camelKeys(await this.#api.native.host.vmMeters(this.hostname, after, signal));
  }

  /** All that the host knows of it now. */
  async describe(options: CallOptions = {}): Promise<CamelKeys<VmDescription>> {
    return camelKeys(await this.#api.describeVm(this.hostname, signalOf(options)));
  }

  /** What it is for the host: how it began, what it takes, and what may be asked of it now. */
  async account(options: CallOptions = {}): Promise<CamelKeys<VmDetails>> {
    return camelKeys(await this.#api.native.vm(this.hostname, signalOf(options)));
  }

  /** What happened to it, newest first. */
  async timeline(
    options: CallOptions & TimelineRange = {},
  ): Promise<readonly CamelKeys<VmEvent>[]> {
    const { events } = this.#api.native;
    return camelKeys(await events.timeline(this.hostname, options, signalOf(options)));
  }

  async getTags(options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.#api.tags(this.hostname, signalOf(options))).tags;
  }

  /** @returns all tags afterwards, as the other two do */
  async addTags(...add: readonly string[]): Promise<readonly string[]> {
    return await this.changeTags({ add });
  }

  async removeTags(...remove: readonly string[]): Promise<readonly string[]> {
    return await this.changeTags({ remove });
  }

  /** A friendly name (`name=…`) stays. */
  async replaceTags(replace: readonly string[]): Promise<readonly string[]> {
    return await this.changeTags({ replace });
  }

  /** All of the change or nothing. */
  async changeTags(change: TagChange, options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.#api.changeTags(this.hostname, change, signalOf(options))).tags;
  }

  /** Stops its CPUs; its memory stays. */
  async pause(options: CallOptions = {}): Promise<void> {
    await this.#api.power.pause(this.hostname, signalOf(options));
  }

  async resume(options: CallOptions = {}): Promise<void> {
    await this.#api.power.resume(this.hostname, signalOf(options));
  }

  /** Writes its memory to disk and gives the host's back. */
  async suspend(options: CallOptions = {}): Promise<void> {
    await this.#api.power.suspend(this.hostname, signalOf(options));
  }

  async restore(request: RestoreRequest = {}): Promise<void> {
    const { wait, waitTimeoutSec } = request;
    const options = {
      ...(wait === undefined ? {} : { wait }),
      ...(waitTimeoutSec === undefined ? {} : { timeoutMs: waitTimeoutSec * 1000 }),
    };
    await this.#api.power.restore(this.hostname, options, signalOf(request));
  }

  /** Children with its memory and disk, each somebody of its own; it goes on. `client.vms.get` makes a handle of one. */
  async fork(request: LiveForkRequest = {}): Promise<CamelKeys<LiveForked>> {
    const spec = liveForkSpecOf(request);
    return camelKeys(await this.#api.native.forkVm(this.hostname, spec, signalOf(request)));
  }

  /** Asks the guest to power off; one that is not persistent is then gone. */
  async shutdown(
    request: CallOptions & { readonly action?: "shutdown" | "reboot" } = {},
  ): Promise<void> {
    await this.#api.power.shutdown(this.hostname, request.action ?? "shutdown", signalOf(request));
  }

  /** Boots a persistent VM again that has stopped. */
  async relaunch(options: CallOptions = {}): Promise<CamelKeys<CreatedVm>> {
    return camelKeys(await this.#api.power.relaunch(this.hostname, signalOf(options)));
  }

  /** Stops it at once and removes its disk. */
  async delete(options: CallOptions = {}): Promise<CamelKeys<DeletedVm>> {
    return camelKeys(await this.#api.deleteVm(this.hostgroup, this.hostname, signalOf(options)));
  }

  /** Deletes it; that it is gone already is fine. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.delete();
    } catch (error) {
      if (!(error instanceof AlcoveApiError && error.status === 404)) throw error;
    }
  }
}

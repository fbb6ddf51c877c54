/**
 * All executions of messages on this node: what is wanted, what runs, and what has run.
 *
 * An execution is stored before anything is done for it and after every step, so that the daemon that
 * comes after a killed one knows what was under way and brings it to its end. What is done for one VM takes
 * turns; what counts the host's room, too. Once begun, a step runs to its end: a caller who leaves stops waiting
 * and nothing else.
 */

import { Announcer } from "#lib/announcer.ts";

import type { Caller } from "../caller.ts";
import type { ItemHash } from "../item-hash.ts";
import type { InstanceContent } from "../message/content.ts";
import type { ConfidentialLaunch } from "../ports/machine-room.ts";
import { type Allocation, type AllocationReport, Allocations } from "./allocations.ts";
import { assemble, type ExecutionsDeps, type Machinery } from "./machinery.ts";
import { checkNotice, type NotifyReport, takeNotice } from "./notice.ts";
import type { ExecutionRecord } from "./record.ts";
import type { ExecutionView } from "./view.ts";
import { keepWatch } from "./watches.ts";

export class Executions implements AsyncDisposable {
  readonly #deps: ExecutionsDeps;
  readonly #machinery: Machinery;
  readonly #allocations: Allocations;
  readonly #changes = new Announcer<ItemHash>();
  readonly #watches = new AsyncDisposableStack();

  private constructor(deps: ExecutionsDeps) {
    this.#deps = deps;
    this.#machinery = assemble(deps, this.#changes);
    this.#allocations = new Allocations(this, deps.log);
  }

  /**
   * Takes up what an earlier daemon left: resolves when all executions are known; what has to be brought to its end,
   * or to run again, is done in the background.
   */
  static open(deps: ExecutionsDeps, signal: AbortSignal): Executions {
    signal.throwIfAborted();
    const executions = new Executions(deps);
    executions.#watches.use(keepWatch(executions.#machinery, deps, executions));
    return executions;
  }

  /** the executions that are known, stopped ones (`state`), too */
  list(): readonly ExecutionView[] {
    return this.#machinery.register.all().map((execution) => execution.view());
  }

  /** all that ever were, newest first, as far back as is kept */
  records(): readonly ExecutionRecord[] {
    return this.#deps.store.all();
  }

  /** @returns `undefined` for a VM that never was here, or was erased */
  find(vmHash: ItemHash): ExecutionView | undefined {
    return this.#machinery.register.find(vmHash)?.view();
  }

  /**
   * Makes the host run what is wanted and nothing else, but for what is paid by the second, has a GPU or is
   * confidential. Never throws for one VM.
   */
  async allocate(wanted: Allocation, signal: AbortSignal): Promise<AllocationReport> {
    return this.#machinery.background.own((life) => this.#allocations.bring(wanted, life), signal);
  }

  /**
   * Starts one instance that its owner has published.
   * @throws Refusal for what is wrong before anything is started, in the order that the API promises
   */
  async notify(vmHash: ItemHash, signal: AbortSignal): Promise<NotifyReport> {
    const { intake } = this.#machinery;
    const { nodeHash } = this.#deps.settings;
    const ensureRunning = this.ensureRunning.bind(this);
    return takeNotice(vmHash, { ...this.#deps, intake, nodeHash, ensureRunning }, signal);
  }

  /** Keeps room for an instance for a minute. @throws Refusal `unavailable`, or `bad request` for GPUs */
  async reserve(
    content: InstanceContent,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<{ readonly expires: Date }> {
    return { expires: await this.#machinery.intake.reserve(content, caller, signal) };
  }

  /** Makes sure that a VM runs and is kept running. @throws StartError, Refusal, AlcoveError */
  async ensureRunning(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    const { work, upkeep } = this.#machinery;
    await work.act(vmHash, (life) => upkeep.ensure(vmHash, life), signal);
  }

  /** Makes sure that a program runs, without having it kept. @throws as `ensureRunning` does */
  async call(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    const { work, upkeep } = this.#machinery;
    await work.act(vmHash, (life) => upkeep.ensure(vmHash, life, "called"), signal);
  }

  /**
   * Starts an instance that was here before because somebody calls it. @throws Refusal, and as `ensureRunning` does
   */
  async wake(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    const { intake } = this.#machinery;
    const { nodeHash } = this.#deps.settings;
    await checkNotice(vmHash, { ...this.#deps, intake, nodeHash }, signal);
    await this.ensureRunning(vmHash, signal);
  }

  /** Resolves when the machine has ended. @throws Refusal `not found`, as all that name a VM */
  async stop(vmHash: ItemHash, signal: AbortSignal): Promise<"stopped" | "was not running"> {
    return this.#machinery.operations.stop(vmHash, signal);
  }

  /** Stops a VM and gives up its ports: somebody else is to run it. */
  async deallocate(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#machinery.operations.end(vmHash, "deallocated", signal);
  }

  /** Stops it and removes everything that was kept of it here, but for the line in the records. */
  async erase(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#machinery.operations.erase(vmHash, signal);
  }

  /** A new machine on the same disks; one that was stopped is started. @throws as `ensureRunning` does */
  async reboot(vmHash: ItemHash, signal: AbortSignal): Promise<"rebooted" | "started"> {
    return this.#machinery.operations.reboot(vmHash, signal);
  }

  /** Has a VM stopped after a while, also by the next daemon; replaces what was asked before. @param seconds above 0 */
  async expire(vmHash: ItemHash, seconds: number, signal: AbortSignal): Promise<void> {
    await this.#machinery.operations.expire(vmHash, seconds, signal);
  }

  /** Begins anew from the parent image, at the same place and with the same ports. @throws as `ensureRunning` does */
  async reinstall(
    vmHash: ItemHash,
    { volumes }: { readonly volumes: "keep" | "remove" },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#machinery.operations.reinstall(vmHash, volumes, signal);
  }

  /** Reads the owner's wishes about ports again. @throws Refusal `not found` "404: VM not found" */
  async refreshPorts(
    vmHash: ItemHash,
    signal: AbortSignal,
  ): Promise<"applied" | "not starting yet"> {
    return this.#machinery.operations.refreshPorts(vmHash, signal);
  }

  /**
   * Starts a confidential VM with what its owner has sent. It stands still until its secret is injected.
   * @throws Refusal `bad request`, its body `{code, description}`, for one that runs or is not confidential
   */
  async initialize(
    vmHash: ItemHash,
    launch: ConfidentialLaunch,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#machinery.operations.initialize(vmHash, launch, signal);
  }

  /** The secret is in, and the processors run. */
  async released(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#machinery.operations.released(vmHash, signal);
  }

  /** Runs `work` while the VM's machine is stopped and nothing else is done to it, and starts it again after that if it ran. */
  async whileStopped(
    vmHash: ItemHash,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#machinery.operations.whileStopped(vmHash, work, signal);
  }

  /** bytes of disk that may still be asked for: what is free, less what is promised and not used yet */
  async freeDiskBytes(): Promise<number> {
    return this.#machinery.intake.freeDiskBytes();
  }

  /** addresses on the PCI bus of GPUs that VMs have, or that are kept for somebody */
  gpusInUse(): ReadonlySet<string> {
    return this.#machinery.intake.gpusInUse();
  }

  /** Calls `listener` after every change of an execution or of its machine. */
  onChange(listener: (vmHash: ItemHash) => void): Disposable {
    return this.#changes.listen(listener);
  }

  /** Leaves machines running; what is under way is given up, for the next daemon to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watches.disposeAsync();
  }
}

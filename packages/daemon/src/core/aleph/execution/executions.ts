/**
 * All executions of messages on this node: what is wanted, what runs, and what has run.
 *
 * An execution is stored before anything is done for it and after every step, so that the daemon that
 * comes after a killed one knows what was under way and brings it to its end. What is done for one VM takes
 * turns; what counts the host's room, too. Once begun, a step runs to its end: a caller who leaves stops waiting
 * and nothing else.
 */

import { Announcer } from "#lib/announcer.ts";

import type { Clock } from "../../ports/clock.ts";
import type { HostFacts } from "../../ports/host-facts.ts";
import type { Log } from "../../ports/log.ts";
import type { Caller } from "../caller.ts";
import type { ItemHash } from "../item-hash.ts";
import type { InstanceContent, StoredMessage } from "../message/content.ts";
import type { ExecutionStore } from "../ports/execution-store.ts";
import type { HostGpus } from "../ports/host-gpus.ts";
import type { HostPorts } from "../ports/host-ports.ts";
import type { ConfidentialLaunch, MachineRoom } from "../ports/machine-room.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { AlephSettings } from "../settings.ts";
import type { ExecutionRecord } from "./record.ts";
import type { ExecutionView } from "./view.ts";

export interface ExecutionsDeps {
  readonly settings: Pick<
    AlephSettings,
    "admission" | "network" | "nodeHash" | "confidential" | "gpus"
  >;
  readonly room: MachineRoom;
  readonly messages: MessageSource;
  readonly store: ExecutionStore;
  readonly hostPorts: HostPorts;
  readonly payments: PaymentDesk;
  readonly gpus: HostGpus;
  /** of the file system that holds VMs' disks */
  readonly facts: HostFacts;
  /** bytes of the host's disk that the root disk and the sized volumes of a VM take now; 0 when there are none */
  readonly diskBytes: (vmHash: ItemHash) => Promise<number>;
  readonly clock: Clock;
  readonly log: Log;
  readonly newUuid: () => string;
  /** how long is waited before a machine that crashed is started again the first time, in `ms`; longer each time */
  readonly restartPauseMs: number;
}

export interface PaymentDesk {
  /** @throws Refusal `payment required` or `bad request` */
  check(
    message: StoredMessage,
    content: InstanceContent,
    hash: ItemHash,
    signal: AbortSignal,
  ): Promise<void>;
}

/** The whole desired state, not a change of it. */
export interface Allocation {
  readonly persistentVms: readonly ItemHash[];
  readonly instances: readonly ItemHash[];
}

export interface AllocationReport {
  /** wanted and running, also those that ran before */
  readonly successful: readonly ItemHash[];
  readonly failing: readonly ItemHash[];
  readonly stopped: readonly ItemHash[];
  /** why, by hash: a Python exception's `repr`, as clients of the network know them */
  readonly errors: Readonly<Record<string, string>>;
}

/** `error` is a Python exception's `repr`. */
export type NotifyReport =
  | { readonly successful: true }
  | { readonly successful: false; readonly error: string };

export class Executions implements AsyncDisposable {
  readonly #deps: ExecutionsDeps;
  readonly #changes = new Announcer<ItemHash>();

  private constructor(deps: ExecutionsDeps) {
    this.#deps = deps;
  }

  /**
   * Takes up what an earlier daemon left: resolves when all executions are known; what has to be brought to its end,
   * or to run again, is done in the background.
   */
  static async open(deps: ExecutionsDeps, _signal: AbortSignal): Promise<Executions> {
    return new Executions(deps);
  }

  /** the executions that are known, stopped ones (`state`), too */
  list(): readonly ExecutionView[] {
    throw this.#unready();
  }

  /** all that ever were, newest first, as far back as is kept */
  records(): readonly ExecutionRecord[] {
    return this.#deps.store.all();
  }

  /** @returns `undefined` for a VM that never was here, or was erased */
  find(_vmHash: ItemHash): ExecutionView | undefined {
    throw this.#unready();
  }

  /** Makes the host run what is wanted and nothing else, but for what is paid by the second, has a GPU or is confidential. Never throws for one VM. */
  async allocate(_wanted: Allocation, _signal: AbortSignal): Promise<AllocationReport> {
    throw this.#unready();
  }

  /**
   * Starts one instance that its owner has published.
   * @throws Refusal for what is wrong before anything is started, in the order that the API promises
   */
  async notify(_vmHash: ItemHash, _signal: AbortSignal): Promise<NotifyReport> {
    throw this.#unready();
  }

  /** Keeps room for an instance for a minute. @throws Refusal `unavailable`, or `bad request` for GPUs */
  async reserve(
    _content: InstanceContent,
    _caller: Caller,
    _signal: AbortSignal,
  ): Promise<{ readonly expires: Date }> {
    throw this.#unready();
  }

  /** Makes sure that a VM runs and is kept running. @throws StartError, Refusal, AlcoveError */
  async ensureRunning(_vmHash: ItemHash, _signal: AbortSignal): Promise<void> {
    throw this.#unready();
  }

  /** Resolves when the machine has ended. @throws Refusal `not found`, as all that name a VM */
  async stop(_vmHash: ItemHash, _signal: AbortSignal): Promise<"stopped" | "was not running"> {
    throw this.#unready();
  }

  /** Stops it and removes everything that was kept of it here, but for the line in the records. */
  async erase(_vmHash: ItemHash, _signal: AbortSignal): Promise<void> {
    throw this.#unready();
  }

  /** A new machine on the same disks; one that was stopped is started. @throws as `ensureRunning` does */
  async reboot(_vmHash: ItemHash, _signal: AbortSignal): Promise<"rebooted" | "started"> {
    throw this.#unready();
  }

  /** Has a VM stopped after a while, also by the next daemon; replaces what was asked before. @param seconds above 0 */
  async expire(_vmHash: ItemHash, _seconds: number, _signal: AbortSignal): Promise<void> {
    throw this.#unready();
  }

  /** Begins anew from the parent image, at the same place and with the same ports. @throws as `ensureRunning` does */
  async reinstall(
    _vmHash: ItemHash,
    _options: { readonly volumes: "keep" | "remove" },
    _signal: AbortSignal,
  ): Promise<void> {
    throw this.#unready();
  }

  /** Reads the owner's wishes about ports again. @throws Refusal `not found` "404: VM not found" */
  async refreshPorts(
    _vmHash: ItemHash,
    _signal: AbortSignal,
  ): Promise<"applied" | "not starting yet"> {
    throw this.#unready();
  }

  /**
   * Starts a confidential VM with what its owner has sent. It stands still until its secret is injected.
   * @throws Refusal `bad request`, its body `{code, description}`, for one that runs or is not confidential
   */
  async initialize(
    _vmHash: ItemHash,
    _launch: ConfidentialLaunch,
    _signal: AbortSignal,
  ): Promise<void> {
    throw this.#unready();
  }

  /** The secret is in, and the processors run. */
  async released(_vmHash: ItemHash, _signal: AbortSignal): Promise<void> {
    throw this.#unready();
  }

  /** Runs `work` while the VM's machine is stopped and nothing else is done to it, and starts it again after that if it ran. */
  async whileStopped(
    _vmHash: ItemHash,
    _work: (signal: AbortSignal) => Promise<void>,
    _signal: AbortSignal,
  ): Promise<void> {
    throw this.#unready();
  }

  /** bytes of disk that may still be asked for: what is free, less what is promised and not used yet */
  async freeDiskBytes(): Promise<number> {
    throw this.#unready();
  }

  /** the host's GPUs that nobody has been given */
  freeGpus(): ReturnType<HostGpus["list"]> {
    throw this.#unready();
  }

  /** Calls `listener` after every change of an execution or of its machine. */
  onChange(listener: (vmHash: ItemHash) => void): Disposable {
    return this.#changes.listen(listener);
  }

  /** Leaves machines running; what is under way is given up, for the next daemon to end. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #unready(): Error {
    return new Error(
      `Executions are not served yet (${this.#deps.settings.nodeHash ?? "no"} node)`,
    );
  }
}

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
import type { Log } from "../../ports/log.ts";
import type { Caller } from "../caller.ts";
import type { ItemHash } from "../item-hash.ts";
import type { InstanceContent } from "../message/content.ts";
import type { ExecutionStore } from "../ports/execution-store.ts";
import type { HostPorts } from "../ports/host-ports.ts";
import type { ConfidentialLaunch, MachineRoom } from "../ports/machine-room.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { NodeHardware } from "../ports/node-hardware.ts";
import { Refusal } from "../refusal.ts";
import type { AlephSettings } from "../settings.ts";
import { type Allocation, type AllocationReport, Allocations } from "./allocations.ts";
import { Background } from "./background.ts";
import type { Execution } from "./execution.ts";
import { Intake } from "./intake.ts";
import { checkNotice, type PaymentDesk } from "./notice.ts";
import { PortPlan } from "./port-plan.ts";
import type { ExecutionRecord } from "./record.ts";
import { Register } from "./register.ts";
import { SourceWatch } from "./source-watch.ts";
import { reprOf } from "./start-error.ts";
import { type Ending, Upkeep } from "./upkeep.ts";
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
  readonly hardware: Pick<NodeHardware, "cpu" | "memory" | "disk" | "gpus">;
  /** bytes of the host's disk that the root disk and the sized volumes of a VM take now; 0 when there are none */
  readonly diskBytes: (vmHash: ItemHash) => Promise<number>;
  /** removes what else is kept of a VM that is erased, such as its log; harmless when there is nothing */
  readonly erased: (vmHash: ItemHash) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly newUuid: () => string;
  /** how long is waited before a machine that crashed is started again the first time, in `ms`; longer each time */
  readonly restartPauseMs: number;
}

/** `error` is a Python exception's `repr`. */
export type NotifyReport =
  | { readonly successful: true }
  | { readonly successful: false; readonly error: string };

export class Executions implements AsyncDisposable {
  readonly #deps: ExecutionsDeps;
  readonly #register: Register;
  readonly #intake: Intake;
  readonly #background: Background;
  readonly #upkeep: Upkeep;
  readonly #allocations: Allocations;
  readonly #changes = new Announcer<ItemHash>();
  readonly #parts = new AsyncDisposableStack();

  private constructor(deps: ExecutionsDeps) {
    this.#deps = deps;
    const ports = new PortPlan(deps);
    const announce = (vmHash: ItemHash) => this.#changes.announce(vmHash);
    this.#register = new Register({ ...deps, ports, announce });
    this.#intake = new Intake(deps, () => this.#register.inmates());
    this.#background = this.#parts.use(new Background(deps.log));
    this.#upkeep = new Upkeep({
      ...deps,
      register: this.#register,
      intake: this.#intake,
      background: this.#background,
    });
    this.#allocations = new Allocations(this, deps.log);
  }

  /**
   * Takes up what an earlier daemon left: resolves when all executions are known; what has to be brought to its end,
   * or to run again, is done in the background.
   */
  static open(deps: ExecutionsDeps, signal: AbortSignal): Executions {
    signal.throwIfAborted();
    const executions = new Executions(deps);
    executions.#takeUp();
    return executions;
  }

  /** the executions that are known, stopped ones (`state`), too */
  list(): readonly ExecutionView[] {
    return this.#register.all().map((execution) => execution.view());
  }

  /** all that ever were, newest first, as far back as is kept */
  records(): readonly ExecutionRecord[] {
    return this.#deps.store.all();
  }

  /** @returns `undefined` for a VM that never was here, or was erased */
  find(vmHash: ItemHash): ExecutionView | undefined {
    return this.#register.find(vmHash)?.view();
  }

  /**
   * Makes the host run what is wanted and nothing else, but for what is paid by the second, has a GPU or is
   * confidential. Never throws for one VM.
   */
  async allocate(wanted: Allocation, signal: AbortSignal): Promise<AllocationReport> {
    return this.#background.own((life) => this.#allocations.bring(wanted, life), signal);
  }

  /**
   * Starts one instance that its owner has published.
   * @throws Refusal for what is wrong before anything is started, in the order that the API promises
   */
  async notify(vmHash: ItemHash, signal: AbortSignal): Promise<NotifyReport> {
    const { messages, payments, settings, log } = this.#deps;
    const { nodeHash } = settings;
    await checkNotice(vmHash, { messages, intake: this.#intake, payments, nodeHash }, signal);
    try {
      await this.ensureRunning(vmHash, signal);
      return { successful: true };
    } catch (error) {
      signal.throwIfAborted();
      log.warn("aleph.notice_failed", { vmHash, error });
      return { successful: false, error: reprOf(error) };
    }
  }

  /** Keeps room for an instance for a minute. @throws Refusal `unavailable`, or `bad request` for GPUs */
  async reserve(
    content: InstanceContent,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<{ readonly expires: Date }> {
    return { expires: await this.#intake.reserve(content, caller, signal) };
  }

  /** Makes sure that a VM runs and is kept running. @throws StartError, Refusal, AlcoveError */
  async ensureRunning(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#upkeep.act(vmHash, (life) => this.#upkeep.ensure(vmHash, life), signal);
  }

  /** Resolves when the machine has ended. @throws Refusal `not found`, as all that name a VM */
  async stop(vmHash: ItemHash, signal: AbortSignal): Promise<"stopped" | "was not running"> {
    if (!this.#mustFind(vmHash).isIn) return "was not running";
    await this.#windUp(vmHash, "stopped", signal);
    return "stopped";
  }

  /** Stops a VM and gives up its ports: somebody else is to run it. */
  async deallocate(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#windUp(vmHash, "deallocated", signal);
  }

  /** Stops it and removes everything that was kept of it here, but for the line in the records. */
  async erase(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    this.#mustFind(vmHash);
    await this.#windUp(vmHash, "erased", signal);
  }

  /** A new machine on the same disks; one that was stopped is started. @throws as `ensureRunning` does */
  async reboot(vmHash: ItemHash, signal: AbortSignal): Promise<"rebooted" | "started"> {
    this.#mustFind(vmHash);
    return this.#upkeep.act(
      vmHash,
      async (life) => {
        const execution = this.#mustFind(vmHash);
        const runs = execution.isUp && execution.hasMachine;
        await (runs ? execution.reboot(life) : this.#upkeep.ensure(vmHash, life));
        return runs ? "rebooted" : "started";
      },
      signal,
    );
  }

  /** Has a VM stopped after a while, also by the next daemon; replaces what was asked before. @param seconds above 0 */
  async expire(vmHash: ItemHash, seconds: number, signal: AbortSignal): Promise<void> {
    this.#mustFind(vmHash);
    await this.#upkeep.act(
      vmHash,
      async () => {
        const execution = this.#mustFind(vmHash);
        if (!execution.isIn) return;
        execution.expireAt(new Date(this.#deps.clock.now().getTime() + seconds * 1000));
        this.#upkeep.awaitExpiry(execution);
      },
      signal,
    );
  }

  /** Begins anew from the parent image, at the same place and with the same ports. @throws as `ensureRunning` does */
  async reinstall(
    vmHash: ItemHash,
    { volumes }: { readonly volumes: "keep" | "remove" },
    signal: AbortSignal,
  ): Promise<void> {
    this.#mustFind(vmHash);
    this.#upkeep.interrupt(vmHash);
    await this.#upkeep.act(
      vmHash,
      async (life) => {
        const known = this.#mustFind(vmHash);
        const execution = known.isIn ? known : await this.#upkeep.letIn(vmHash, life);
        await this.#upkeep.start(execution, (start) => execution.reinstall(volumes, start), life);
      },
      signal,
    );
  }

  /** Reads the owner's wishes about ports again. @throws Refusal `not found` "404: VM not found" */
  async refreshPorts(
    vmHash: ItemHash,
    signal: AbortSignal,
  ): Promise<"applied" | "not starting yet"> {
    const known = this.#register.find(vmHash);
    if (!known?.isIn) throw new Refusal("not found", "404: VM not found");
    if (known.record.times.prepared === undefined) return "not starting yet";
    const refresh = async (life: AbortSignal) => {
      const execution = this.#register.find(vmHash);
      if (execution?.isIn) await execution.refreshPorts(life);
    };
    await this.#upkeep.act(vmHash, refresh, signal);
    return "applied";
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
    checkInitializable(this.#mustFind(vmHash));
    await this.#upkeep.act(
      vmHash,
      async (life) => {
        const known = this.#mustFind(vmHash);
        checkInitializable(known);
        const execution = known.isUp ? known : await this.#upkeep.ensure(vmHash, life);
        if (execution.hasMachine) throw refusedToInitialize("vm_running");
        await this.#upkeep.startWith(
          execution,
          (start) => execution.initialize(launch, start),
          life,
        );
      },
      signal,
    );
  }

  /** The secret is in, and the processors run. */
  async released(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#upkeep.act(vmHash, async () => this.#mustFind(vmHash).released(), signal);
  }

  /** Runs `work` while the VM's machine is stopped and nothing else is done to it, and starts it again after that if it ran. */
  async whileStopped(
    vmHash: ItemHash,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#mustFind(vmHash);
    const stopped = async (life: AbortSignal) => this.#mustFind(vmHash).whileStopped(work, life);
    await this.#upkeep.act(vmHash, stopped, signal);
  }

  /** bytes of disk that may still be asked for: what is free, less what is promised and not used yet */
  async freeDiskBytes(): Promise<number> {
    return this.#intake.freeDiskBytes();
  }

  /** addresses on the PCI bus of GPUs that VMs have, or that are kept for somebody */
  gpusInUse(): ReadonlySet<string> {
    return this.#intake.gpusInUse();
  }

  /** Calls `listener` after every change of an execution or of its machine. */
  onChange(listener: (vmHash: ItemHash) => void): Disposable {
    return this.#changes.listen(listener);
  }

  /** Leaves machines running; what is under way is given up, for the next daemon to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  #takeUp(): void {
    const { room, messages, log } = this.#deps;
    this.#register.load();
    const watch = new SourceWatch(this, messages, log);
    this.#parts.use(
      messages.onChange((change) =>
        this.#background.begin("aleph.change_not_followed", (life) => watch.follow(change, life)),
      ),
    );
    this.#parts.use(
      room.onChange((vmHash) => {
        this.#upkeep.lookAt(vmHash);
        this.#changes.announce(vmHash);
      }),
    );
    this.#background.begin("aleph.not_taken_up", async (life) => {
      await this.#upkeep.takeUp(life);
      await watch.stopForgotten(life);
      log.info("aleph.taken_up", { known: this.#register.all().length });
    });
  }

  async #windUp(
    vmHash: ItemHash,
    ending: keyof typeof ENDINGS,
    signal: AbortSignal,
  ): Promise<void> {
    const keepsPorts = this.#register.find(vmHash)?.record.persistent ?? false;
    const { end, ports } = ENDINGS[ending];
    await this.#upkeep.windUp(vmHash, { end, ports: keepsPorts ? ports : "release" }, signal);
  }

  #mustFind(vmHash: ItemHash): Execution {
    const execution = this.#register.find(vmHash);
    if (execution) return execution;
    throw new Refusal("not found", `No virtual machine with ref ${vmHash}`);
  }
}

/** What becomes of a VM that somebody ends, and of the host's ports that lead to it if it is a persistent one. */
const ENDINGS = {
  stopped: { end: "stopped", ports: "keep" },
  deallocated: { end: "stopped", ports: "release" },
  erased: { end: "erased", ports: "release" },
} as const satisfies Record<string, Ending>;

const NOT_INITIALIZABLE = {
  vm_running: "Operation not allowed, instance already running",
  not_confidential: "Instance is not a confidential instance",
} as const;

function checkInitializable(execution: Execution): void {
  if (execution.hasMachine) throw refusedToInitialize("vm_running");
  if (!execution.record.confidential) throw refusedToInitialize("not_confidential");
}

function refusedToInitialize(code: keyof typeof NOT_INITIALIZABLE): Refusal {
  const description = NOT_INITIALIZABLE[code];
  return new Refusal("bad request", description, { body: { code, description } });
}

/** What owners and administrators do with VMs that are known here. */

import type { Clock } from "../../ports/clock.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ConfidentialLaunch } from "../ports/machine-room.ts";
import { Refusal } from "../refusal.ts";
import type { Ending, Execution } from "./execution.ts";
import type { Register } from "./register.ts";
import type { Steps } from "./steps.ts";
import type { Upkeep } from "./upkeep.ts";
import type { VmWork } from "./vm-work.ts";

export interface OperationsDeps {
  readonly register: Register;
  readonly upkeep: Upkeep;
  readonly steps: Steps;
  readonly work: VmWork;
  readonly clock: Clock;
}

/** What becomes of a VM that somebody ends, and of the host's ports that lead to it if it is a persistent one. */
const ENDINGS = {
  stopped: { end: "stopped", ports: "keep" },
  deallocated: { end: "stopped", ports: "release" },
  erased: { end: "erased", ports: "release" },
} as const satisfies Record<string, Ending>;

export class Operations {
  readonly #deps: OperationsDeps;

  constructor(deps: OperationsDeps) {
    this.#deps = deps;
  }

  async stop(vmHash: ItemHash, signal: AbortSignal): Promise<"stopped" | "was not running"> {
    if (!this.#mustFind(vmHash).isIn) return "was not running";
    await this.end(vmHash, "stopped", signal);
    return "stopped";
  }

  async erase(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    this.#mustFind(vmHash);
    await this.end(vmHash, "erased", signal);
  }

  /** Does nothing for a VM that is not known, or has ended as wanted. */
  async end(vmHash: ItemHash, ending: keyof typeof ENDINGS, signal: AbortSignal): Promise<void> {
    const keepsPorts = this.#deps.register.find(vmHash)?.record.persistent ?? false;
    const { end, ports } = ENDINGS[ending];
    await this.#deps.upkeep.windUp(vmHash, { end, ports: keepsPorts ? ports : "release" }, signal);
  }

  async reboot(vmHash: ItemHash, signal: AbortSignal): Promise<"rebooted" | "started"> {
    this.#mustFind(vmHash);
    const { work, upkeep, steps } = this.#deps;
    const reboot = async (life: AbortSignal) => {
      const execution = this.#mustFind(vmHash);
      const runs = execution.isUp && execution.hasMachine;
      if (runs) await upkeep.keepUp(execution, steps.reboot(execution, life), life);
      else await upkeep.ensure(vmHash, life);
      return runs ? "rebooted" : "started";
    };
    return work.act(vmHash, reboot, signal);
  }

  async expire(vmHash: ItemHash, seconds: number, signal: AbortSignal): Promise<void> {
    this.#mustFind(vmHash);
    const { work, upkeep, clock } = this.#deps;
    const expire = async () => {
      const execution = this.#mustFind(vmHash);
      if (!execution.isIn) return;
      execution.expireAt(new Date(clock.now().getTime() + seconds * 1000));
      upkeep.awaitExpiry(execution);
    };
    await work.act(vmHash, expire, signal);
  }

  async reinstall(
    vmHash: ItemHash,
    volumes: "keep" | "remove",
    signal: AbortSignal,
  ): Promise<void> {
    this.#mustFind(vmHash);
    const { work, upkeep, steps } = this.#deps;
    const reinstall = async (life: AbortSignal) => {
      const known = this.#mustFind(vmHash);
      const execution = known.isIn ? known : await upkeep.letIn(vmHash, life);
      const step = (start: AbortSignal) => steps.reinstall(execution, volumes, start);
      await upkeep.start(execution, { step }, life);
    };
    await work.insist(vmHash, reinstall, signal);
  }

  async refreshPorts(
    vmHash: ItemHash,
    signal: AbortSignal,
  ): Promise<"applied" | "not starting yet"> {
    const { register, work, steps } = this.#deps;
    const known = register.find(vmHash);
    if (!known?.isIn) throw new Refusal("not found", "404: VM not found");
    // A VM that is being made has its turn for as long as that takes, and reads its owner's wishes at the end.
    if (known.record.times.prepared === undefined) return "not starting yet";
    const refresh = async (life: AbortSignal) => {
      const execution = register.find(vmHash);
      if (execution?.isIn) await steps.refreshPorts(execution, life);
    };
    await work.share(vmHash, refresh, signal);
    return "applied";
  }

  async initialize(
    vmHash: ItemHash,
    launch: ConfidentialLaunch,
    signal: AbortSignal,
  ): Promise<void> {
    checkInitializable(this.#mustFind(vmHash));
    const { work, upkeep, steps } = this.#deps;
    const initialize = async (life: AbortSignal) => {
      const known = this.#mustFind(vmHash);
      checkInitializable(known);
      const execution = known.isUp ? known : await upkeep.ensure(vmHash, life);
      checkInitializable(execution);
      const step = (start: AbortSignal) => steps.initialize(execution, launch, start);
      const afterwards = async () => execution.forgetLaunch();
      await upkeep.start(execution, { step, afterwards }, life);
    };
    await work.act(vmHash, initialize, signal);
  }

  async released(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    const released = async () => this.#mustFind(vmHash).released();
    await this.#deps.work.act(vmHash, released, signal);
  }

  async whileStopped(
    vmHash: ItemHash,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#mustFind(vmHash);
    const { upkeep, steps } = this.#deps;
    const stopped = async (life: AbortSignal) => {
      const execution = this.#mustFind(vmHash);
      await upkeep.keepUp(execution, steps.whileStopped(execution, work, life), life);
    };
    await this.#deps.work.act(vmHash, stopped, signal);
  }

  #mustFind(vmHash: ItemHash): Execution {
    const execution = this.#deps.register.find(vmHash);
    if (execution) return execution;
    throw new Refusal("not found", `No virtual machine with ref ${vmHash}`);
  }
}

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

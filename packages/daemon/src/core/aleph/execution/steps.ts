/**
 * What is done for one VM, step by step.
 *
 * Whoever calls has the VM's turn. Every step is stored before it is begun and after it has ended, and can be done once
 * more: whatever is stored, `bringUp` or `windUp` goes on from there.
 */

import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ConfidentialLaunch } from "../ports/machine-room.ts";
import type { ProgramRoom } from "../ports/program-room.ts";
import { programOrder } from "../programs/program-order.ts";
import type { Execution, StopTask } from "./execution.ts";
import type { PortPlan } from "./port-plan.ts";
import { prepare, type PreparationDeps } from "./preparation.ts";

export interface StepsDeps extends PreparationDeps {
  readonly programs: Pick<ProgramRoom, "begin">;
  readonly ports: PortPlan;
  /** removes what else is kept of a VM that is erased, such as its log; harmless when there is nothing */
  readonly erased: (vmHash: ItemHash) => Promise<void>;
  readonly log: Log;
}

/** a machine that is made anew has to be told its secret anew */
const STANDING_STILL = { step: "awaiting secret" } as const;

export class Steps {
  readonly #deps: StepsDeps;

  constructor(deps: StepsDeps) {
    this.#deps = deps;
  }

  /** Goes on from wherever an execution is until it runs, or until only its owner can do more. @throws as the room does */
  async bringUp(execution: Execution, signal: AbortSignal): Promise<void> {
    if (execution.record.times.prepared === undefined) await prepare(execution, this.#deps, signal);
    const { task } = execution.record;
    if (task?.what === "reinstall") await this.#renewDisks(execution, task.volumes, signal);
    if (execution.awaitsSession) await this.#await(execution, signal);
    else await this.#run(execution, signal);
  }

  /** A new machine on the same disks. @throws as the room does */
  async reboot(execution: Execution, signal: AbortSignal): Promise<void> {
    execution.note({ task: { what: "reboot" }, confidential: STANDING_STILL });
    await this.#deps.room.restart(execution.vmHash, execution.launch, signal);
    await this.#serve(execution, signal);
    await this.#openPorts(execution, signal);
    execution.note({ task: undefined });
  }

  /** Stops the machine and begins again from the parent image. @throws as the room does */
  async reinstall(
    execution: Execution,
    volumes: "keep" | "remove",
    signal: AbortSignal,
  ): Promise<void> {
    execution.note({ task: { what: "reinstall", volumes } });
    await this.bringUp(execution, signal);
  }

  /** @param launch what the owner sent for a VM that awaits it */
  async initialize(
    execution: Execution,
    launch: ConfidentialLaunch,
    signal: AbortSignal,
  ): Promise<void> {
    execution.note({ confidential: { ...STANDING_STILL, launch } });
    await this.#run(execution, signal);
  }

  /** Has `work` done while there is no machine, and goes on as before, whether the work has succeeded or not. */
  async whileStopped(
    execution: Execution,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (!execution.isIn) return work(signal);
    execution.note({ task: { what: "reboot" } });
    try {
      await this.#stopMachine(execution, signal);
      await work(signal);
    } finally {
      await this.bringUp(execution, signal);
    }
  }

  /** Ends it: its machine, and whatever else its task says. Also one that has ended already, to be erased. */
  async windUp(execution: Execution, wanted: StopTask, signal: AbortSignal): Promise<void> {
    const { vmHash, record } = execution;
    const begun = record.task;
    // An erasure that was begun is not taken back.
    const task = begun?.what === "stop" && begun.end === "erased" ? begun : wanted;
    const stopping = record.times.stopping ?? this.#deps.clock.now();
    execution.note({ task, times: { stopping } });
    await this.#stopMachine(execution, signal);
    if (task.end === "erased") {
      await this.#deps.room.remove(vmHash, "remove", signal);
      await this.#deps.erased(vmHash);
    }
    if (task.ports === "release") this.#deps.ports.release(vmHash);
    execution.end(task);
  }

  /** It never came to run: nothing of it stays but disks, which may have been there before. */
  async giveUp(
    execution: Execution,
    ports: "keep" | "release",
    signal: AbortSignal,
  ): Promise<void> {
    const { vmHash } = execution;
    try {
      await this.#stopMachine(execution, signal);
      await this.#deps.room.remove(vmHash, "keep", signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#deps.log.error("aleph.not_torn_down", { vmHash, error }); // the next `#prepare` tears it down
    }
    if (ports === "release") this.#deps.ports.release(vmHash);
    execution.end({ what: "stop", end: "failed", ports });
  }

  /** Reads the owner's wishes about ports, and has them done if there is a machine. */
  async refreshPorts(execution: Execution, signal: AbortSignal): Promise<void> {
    const { vmHash, content } = execution;
    const ports = await this.#deps.ports.plan(vmHash, content.address, signal);
    execution.note({ ports });
    if (execution.hasMachine) await this.#deps.room.setPorts(vmHash, ports, signal);
  }

  async #renewDisks(
    execution: Execution,
    volumes: "keep" | "remove",
    signal: AbortSignal,
  ): Promise<void> {
    await this.#stopMachine(execution, signal);
    await this.#deps.room.reinstall(execution.vmHash, volumes, signal);
    // What the secret opens is gone with the disk.
    execution.note({ confidential: { step: "awaiting session", launch: undefined } });
  }

  /** A confidential one goes no further without its owner. */
  async #await(execution: Execution, signal: AbortSignal): Promise<void> {
    await this.refreshPorts(execution, signal);
    const now = this.#deps.clock.now();
    execution.note({ task: undefined, times: { starting: now, started: now } });
  }

  async #run(execution: Execution, signal: AbortSignal): Promise<void> {
    const { room, clock } = this.#deps;
    if (!execution.hasMachine) {
      const times = { starting: clock.now(), started: undefined };
      // One step: a machine that stands between a task and a start would look like one that has powered off.
      execution.note({ task: undefined, times, confidential: STANDING_STILL });
      await room.start(execution.vmHash, execution.launch, signal);
    }
    await this.#serve(execution, signal);
    await this.#openPorts(execution, signal);
    const started = execution.record.times.started ?? clock.now();
    execution.note({ task: undefined, times: { started } });
  }

  /** Has a program serve. An instance does that by itself. */
  async #serve({ vmHash, content }: Execution, signal: AbortSignal): Promise<void> {
    if (content.kind === "instance") return;
    const { programs, messages } = this.#deps;
    await programs.begin(await programOrder(vmHash, content, messages, signal), signal);
  }

  async #openPorts(execution: Execution, signal: AbortSignal): Promise<void> {
    const { vmHash, content } = execution;
    const ports = await this.#deps.ports.plan(vmHash, content.address, signal);
    execution.note({ ports });
    await this.#deps.room.setPorts(vmHash, ports, signal);
  }

  async #stopMachine({ vmHash, hasMachine }: Execution, signal: AbortSignal): Promise<void> {
    const { room, log } = this.#deps;
    if (room.phaseOf(vmHash) === undefined) return;
    if (hasMachine) {
      await room.setPorts(vmHash, [], signal).catch((error: unknown) => {
        signal.throwIfAborted();
        log.warn("aleph.ports_not_closed", { vmHash, error });
      });
    }
    await room.stop(vmHash, signal);
  }
}

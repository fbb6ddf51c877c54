/**
 * One execution of a message, from the moment it is let in: the only writer of its record.
 *
 * Whoever calls a method that waits has the VM's turn. Every step is stored before it is begun and after it has
 * ended, and can be done once more: whatever is stored, `bringUp` or `windUp` goes on from there.
 */

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ExecutableContent } from "../message/content.ts";
import type { ExecutionStore } from "../ports/execution-store.ts";
import type { ConfidentialLaunch, MachineRoom } from "../ports/machine-room.ts";
import type { MessageSource } from "../ports/message-source.ts";
import { machineOrder } from "./machine-order.ts";
import type { PortPlan } from "./port-plan.ts";
import type { ExecutionRecord, ExecutionTask, ExecutionTimes } from "./record.ts";
import { type ExecutionView, hasProcessors, viewOf } from "./view.ts";

export interface ExecutionDeps {
  readonly room: MachineRoom;
  readonly messages: Pick<MessageSource, "file">;
  readonly store: ExecutionStore;
  readonly ports: PortPlan;
  /** removes what else is kept of a VM that is erased, such as its log */
  readonly erased: (vmHash: ItemHash) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly announce: (vmHash: ItemHash) => void;
}

export type StopTask = Extract<ExecutionTask, { what: "stop" }>;

export class Execution {
  readonly content: ExecutableContent;
  readonly #deps: ExecutionDeps;
  readonly #log: Log;
  #record: ExecutionRecord;

  /** @param record as it is stored */
  constructor(record: ExecutionRecord, content: ExecutableContent, deps: ExecutionDeps) {
    this.#record = record;
    this.content = content;
    this.#deps = deps;
    this.#log = deps.log.with({ vmHash: record.vmHash });
  }

  get record(): ExecutionRecord {
    return this.#record;
  }

  get vmHash(): ItemHash {
    return this.#record.vmHash;
  }

  /** whether it counts: it runs, or is to run */
  get isIn(): boolean {
    return this.#record.ended === undefined;
  }

  /** whether there is a machine that runs, or stands still with all it has */
  get hasMachine(): boolean {
    return hasProcessors(this.#deps.room.phaseOf(this.vmHash));
  }

  /** whether all is done that this node can do for it */
  get isUp(): boolean {
    const { times, task, ended } = this.#record;
    if (ended !== undefined || task !== undefined || times.started === undefined) return false;
    return this.hasMachine || this.awaitsSession;
  }

  /** whether its machine has ended by itself and in good order: the guest has powered off */
  get hasPoweredOff(): boolean {
    const { times, task, ended } = this.#record;
    if (ended !== undefined || task !== undefined || times.started === undefined) return false;
    return !this.awaitsSession && this.#deps.room.phaseOf(this.vmHash)?.phase === "stopped";
  }

  get awaitsSession(): boolean {
    return this.isIn && this.#record.confidential?.step === "awaiting session";
  }

  view(): ExecutionView {
    return viewOf(this.#record, this.content, this.#deps.room.phaseOf(this.vmHash));
  }

  /** Goes on from wherever the execution is until it runs, or until only its owner can do more. @throws as the room does */
  async bringUp(signal: AbortSignal): Promise<void> {
    if (this.#record.times.prepared === undefined) await this.#prepare(signal);
    const { task } = this.#record;
    if (task?.what === "reinstall") await this.#begin(task.volumes, signal);
    if (this.awaitsSession) await this.#await(signal);
    else await this.#run(signal);
  }

  /** A new machine on the same disks. @throws as the room does */
  async reboot(signal: AbortSignal): Promise<void> {
    this.#save({ task: { what: "reboot" }, ...this.#standingStill() });
    await this.#deps.room.restart(this.vmHash, this.#launch(), signal);
    await this.#openPorts(signal);
    this.#save({ task: undefined });
  }

  /** Stops the machine and begins again from the parent image. @throws as the room does */
  async reinstall(volumes: "keep" | "remove", signal: AbortSignal): Promise<void> {
    this.#save({ task: { what: "reinstall", volumes } });
    await this.bringUp(signal);
  }

  /** Has `work` done while there is no machine, and goes on as before, whether the work has succeeded or not. */
  async whileStopped(
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.isIn) return work(signal);
    this.#save({ task: { what: "reboot" } });
    try {
      await this.#stopMachine(signal);
      await work(signal);
    } finally {
      await this.bringUp(signal);
    }
  }

  /** Ends it: its machine, and whatever else its task says. Also one that has ended already, to be erased. */
  async windUp(wanted: StopTask, signal: AbortSignal): Promise<void> {
    const now = this.#deps.clock.now();
    const { stopping } = this.#record.times;
    const begun = this.#record.task;
    // An erasure that was begun is not taken back.
    const task = begun?.what === "stop" && begun.end === "erased" ? begun : wanted;
    this.#save({ task, times: this.#times({ stopping: stopping ?? now }) });
    await this.#stopMachine(signal);
    if (task.end === "erased") {
      await this.#deps.room.remove(this.vmHash, "remove", signal);
      await this.#deps.erased(this.vmHash);
    }
    if (task.ports === "release") this.#deps.ports.release(this.vmHash);
    this.#end(task);
  }

  /** It never came to run: nothing of it stays but disks, which may have been there before. */
  async giveUp(ports: "keep" | "release", signal: AbortSignal): Promise<void> {
    try {
      await this.#stopMachine(signal);
      await this.#deps.room.remove(this.vmHash, "keep", signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#log.error("aleph.not_torn_down", { error }); // the next `#prepare` tears it down
    }
    if (ports === "release") this.#deps.ports.release(this.vmHash);
    this.#end({ what: "stop", end: "failed", ports });
  }

  /** Reads the owner's wishes about ports, and has them done if there is a machine. */
  async refreshPorts(signal: AbortSignal): Promise<void> {
    const ports = await this.#deps.ports.plan(this.vmHash, this.content.address, signal);
    this.#save({ ports });
    if (this.hasMachine) await this.#deps.room.setPorts(this.vmHash, ports, signal);
  }

  /** @param launch what the owner sent for a VM that awaits it */
  async initialize(launch: ConfidentialLaunch, signal: AbortSignal): Promise<void> {
    const { confidential } = this.#record;
    if (!confidential) throw new Error(`invariant: ${this.vmHash} is not confidential`);
    this.#save({ confidential: { ...confidential, step: "awaiting secret", launch } });
    await this.#run(signal);
  }

  /** The session that was sent made no machine: another one may be sent. */
  forgetLaunch(): void {
    const { confidential } = this.#record;
    if (!confidential) return;
    this.#save({
      confidential: { ...confidential, step: "awaiting session", launch: undefined },
      times: this.#times({ started: this.#deps.clock.now() }),
    });
  }

  released(): void {
    const { confidential } = this.#record;
    if (confidential) this.#save({ confidential: { ...confidential, step: "released" } });
  }

  /** Somebody wants it kept running: it does not expire any more. */
  keep(): void {
    if (this.#record.persistent && this.#record.expiresAt === undefined) return;
    this.#save({ persistent: true, expiresAt: undefined });
  }

  expireAt(at: Date): void {
    this.#save({ persistent: false, expiresAt: at });
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { room, clock, messages } = this.#deps;
    this.#save({ times: this.#times({ preparing: clock.now() }) });
    const order = await machineOrder(this.#record, this.content, messages, signal);
    // What an earlier execution left, or a daemon that was killed, was made for another order.
    if (room.phaseOf(this.vmHash)) {
      await room.stop(this.vmHash, signal);
      await room.remove(this.vmHash, "keep", signal);
    }
    await room.prepare(order, signal);
    this.#save({ times: this.#times({ prepared: clock.now() }) });
  }

  async #begin(volumes: "keep" | "remove", signal: AbortSignal): Promise<void> {
    await this.#stopMachine(signal);
    await this.#deps.room.reinstall(this.vmHash, volumes, signal);
    // What the secret opens is gone with the disk.
    const { confidential } = this.#record;
    if (!confidential) return;
    this.#save({
      confidential: { ...confidential, step: "awaiting session", launch: undefined },
    });
  }

  /** A confidential one goes no further without its owner. */
  async #await(signal: AbortSignal): Promise<void> {
    await this.refreshPorts(signal);
    const now = this.#deps.clock.now();
    this.#save({ task: undefined, times: this.#times({ starting: now, started: now }) });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { room, clock } = this.#deps;
    if (!this.hasMachine) {
      const times = this.#times({ starting: clock.now(), started: undefined });
      // One step: a machine that stands between a task and a start would look like one that has powered off.
      this.#save({ task: undefined, times, ...this.#standingStill() });
      await room.start(this.vmHash, this.#launch(), signal);
    }
    await this.#openPorts(signal);
    const started = this.#record.times.started ?? clock.now();
    this.#save({ task: undefined, times: this.#times({ started }) });
  }

  async #openPorts(signal: AbortSignal): Promise<void> {
    const ports = await this.#deps.ports.plan(this.vmHash, this.content.address, signal);
    this.#save({ ports });
    await this.#deps.room.setPorts(this.vmHash, ports, signal);
  }

  async #stopMachine(signal: AbortSignal): Promise<void> {
    const { room } = this.#deps;
    if (room.phaseOf(this.vmHash) === undefined) return;
    if (this.hasMachine) {
      await room.setPorts(this.vmHash, [], signal).catch((error: unknown) => {
        signal.throwIfAborted();
        this.#log.warn("aleph.ports_not_closed", { error });
      });
    }
    await room.stop(this.vmHash, signal);
  }

  #end({ end, ports }: StopTask): void {
    const now = this.#deps.clock.now();
    const { times, confidential } = this.#record;
    const wasStopped = this.#record.ended === undefined ? undefined : times.stopped;
    this.#save({
      ended: end,
      task: undefined,
      expiresAt: undefined,
      times: this.#times({ stopping: times.stopping ?? now, stopped: wasStopped ?? now }),
      ...(ports === "release" ? { ports: [] } : {}),
      ...(end === "erased" && confidential
        ? { confidential: { ...confidential, launch: undefined } }
        : {}),
    });
  }

  /** a machine that is made anew has to be told its secret anew */
  #standingStill(): Partial<ExecutionRecord> {
    const { confidential } = this.#record;
    return confidential ? { confidential: { ...confidential, step: "awaiting secret" } } : {};
  }

  #launch(): ConfidentialLaunch | undefined {
    return this.#record.confidential?.launch;
  }

  #times(change: Partial<ExecutionTimes>): ExecutionTimes {
    return { ...this.#record.times, ...change };
  }

  /** Stored before it is announced. */
  #save(change: Partial<ExecutionRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#deps.store.save(this.#record);
    this.#deps.announce(this.vmHash);
  }
}

/** A machine room whose machines are entries in a map: disks outlive them, and what they were told is kept for tests to read. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type {
  ConfidentialLaunch,
  InstanceOrder,
  InstancePhase,
  MachineRoom,
} from "#core/aleph/ports/machine-room.ts";
import type { PortMapping } from "#core/aleph/execution/record.ts";
import { AlcoveError } from "#core/errors.ts";
import type { VmPhase } from "#core/vm/lifecycle.ts";
import { Announcer } from "#lib/announcer.ts";
import { unlessAborted } from "#lib/patience.ts";

export interface FakeMachine {
  order: InstanceOrder;
  phase: VmPhase;
  launch: ConfidentialLaunch | undefined;
  /** how often it was started */
  starts: number;
  ports: readonly PortMapping[];
}

/** How often each disk was made anew. */
export interface FakeDisks {
  root: number;
  volumes: number;
}

export class FakeRoom implements MachineRoom {
  readonly machines = new Map<ItemHash, FakeMachine>();
  readonly disks = new Map<ItemHash, FakeDisks>();
  /** what was asked for, in order: `start`, `stop`, … */
  readonly asked: string[] = [];
  /** every start waits for it */
  gate: Promise<void> = Promise.resolve();
  /** the next starts fail with these */
  readonly startTroubles: Error[] = [];
  readonly #changes = new Announcer<ItemHash>();

  async prepare(order: InstanceOrder, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.asked.push("prepare");
    if (this.machines.has(order.vmHash)) throw new Error("fake room: prepared twice");
    const isTaken = ({ order: other }: FakeMachine) => other.network.vmId === order.network.vmId;
    if (this.machines.values().some(isTaken)) throw new Error("fake room: another VM is there");
    const disks = this.disks.get(order.vmHash) ?? { root: 1, volumes: 1 };
    this.disks.set(order.vmHash, disks);
    const machine = { order, phase: "created", launch: undefined, starts: 0, ports: [] } as const;
    this.machines.set(order.vmHash, { ...machine });
  }

  async start(
    vmHash: ItemHash,
    launch: ConfidentialLaunch | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.asked.push("start");
    const machine = this.#mustFind(vmHash);
    if (machine.phase === "running") throw new Error("fake room: it runs already");
    await unlessAborted(this.gate, signal);
    const trouble = this.startTroubles.shift();
    if (trouble) throw trouble;
    machine.launch = launch;
    machine.starts += 1;
    this.#turn(vmHash, "running");
  }

  async stop(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.asked.push("stop");
    if (this.machines.get(vmHash)?.phase === "running") this.#turn(vmHash, "stopped");
  }

  async restart(
    vmHash: ItemHash,
    launch: ConfidentialLaunch | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.asked.push("restart");
    await this.stop(vmHash, signal);
    await this.start(vmHash, launch, signal);
  }

  async remove(vmHash: ItemHash, disks: "keep" | "remove", signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.asked.push(`remove ${disks}`);
    if (this.machines.get(vmHash)?.phase === "running") throw new Error("fake room: it runs");
    this.machines.delete(vmHash);
    if (disks === "remove") this.disks.delete(vmHash);
  }

  async reinstall(
    vmHash: ItemHash,
    volumes: "keep" | "remove",
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    this.asked.push(`reinstall ${volumes}`);
    if (this.#mustFind(vmHash).phase === "running") throw new Error("fake room: it runs");
    const before = this.disks.get(vmHash) ?? { root: 0, volumes: 0 };
    const renewed = before.volumes + (volumes === "remove" ? 1 : 0);
    this.disks.set(vmHash, { root: before.root + 1, volumes: renewed });
  }

  phaseOf(vmHash: ItemHash): InstancePhase | undefined {
    const phase = this.machines.get(vmHash)?.phase;
    return phase === undefined ? undefined : { phase, reason: undefined };
  }

  async setPorts(
    vmHash: ItemHash,
    ports: readonly PortMapping[],
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    this.asked.push("setPorts");
    this.#mustFind(vmHash).ports = ports;
  }

  onChange(listener: (vmHash: ItemHash) => void): Disposable {
    return this.#changes.listen(listener);
  }

  hashes(): readonly ItemHash[] {
    return [...this.machines.keys()];
  }

  /** The guest powers itself off. */
  powerOff(vmHash: ItemHash): void {
    this.#turn(vmHash, "stopped");
  }

  /** The machine ends as it should not. */
  crash(vmHash: ItemHash): void {
    this.#turn(vmHash, "failed");
  }

  /** The host was switched off. */
  loseAll(): void {
    for (const machine of this.machines.values()) {
      if (machine.phase === "running") machine.phase = "failed";
    }
  }

  runs(vmHash: ItemHash): boolean {
    return this.machines.get(vmHash)?.phase === "running";
  }

  #turn(vmHash: ItemHash, phase: VmPhase): void {
    this.#mustFind(vmHash).phase = phase;
    this.#changes.announce(vmHash);
  }

  #mustFind(vmHash: ItemHash): FakeMachine {
    const machine = this.machines.get(vmHash);
    if (machine) return machine;
    throw new AlcoveError("vm_not_found", "fake room: no such VM", { hostname: vmHash });
  }
}

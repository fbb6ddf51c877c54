/**
 * Where fake machines live: in memory, beside the driver, so that they outlast it as real ones
 * outlast the daemon. A new driver over the same world is a daemon that was restarted.
 */

import { randomUUID } from "node:crypto";

import type { FakeDoor } from "./fake-confidential.ts";
import { FakeGuest, type FakeMemory } from "./fake-guest.ts";
import type { GuestReboot } from "#core/ports/hypervisor.ts";
import type { BootPlan, Exit } from "#core/ports/machine.ts";

/** Above every pid Linux can give, so that nothing real is ever signalled by mistake. */
const FIRST_FAKE_PID = 2 ** 23;

/** One machine without a process. */
export class FakeBox {
  readonly pid: number;
  readonly plan: BootPlan;
  readonly guest: FakeGuest;
  /** what is asked of it, and the secret that it was told, while it is a confidential one */
  confidential: FakeDoor | undefined;
  /** files that it writes to, by the id of the disk */
  readonly disks: Map<string, string>;
  /** settles once, when the machine is gone */
  readonly exited: Promise<Exit>;
  readonly #exit: (exit: Exit) => void;
  #gone = false;

  constructor(pid: number, plan: BootPlan, memory: FakeMemory | undefined) {
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.pid = pid;
    this.plan = plan;
    this.disks = new Map(plan.disks.map(({ id, path }) => [id, path]));
    this.exited = promise;
    this.#exit = resolve;
    this.guest = new FakeGuest(plan, () => this.end({ kind: "clean" }), memory);
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Ends the machine; only the first end counts. */
  end(exit: Exit): void {
    if (this.#gone) return;
    this.#gone = true;
    this.guest.vanish();
    this.#exit(exit);
  }
}

export class FakeWorld {
  readonly guestReboot: GuestReboot;
  readonly #boxes = new Map<string, FakeBox>();
  /** tells it from the world of another process */
  readonly id = randomUUID();
  /** what states and templates hold, by the file that stands for each on the disk */
  readonly memories = new Map<string, FakeMemory>();
  #lastPid = FIRST_FAKE_PID;

  constructor(guestReboot: GuestReboot = "restarts") {
    this.guestReboot = guestReboot;
  }

  /** Puts a machine into the world, a new one or one with the memory of another; the VM must have none. */
  add(plan: BootPlan, memory?: FakeMemory): FakeBox {
    if (this.find(plan.vmId)) throw new Error("invariant: a VM has at most one machine");
    const box = new FakeBox(++this.#lastPid, plan, memory);
    if (this.guestReboot === "ends") box.guest.endAtReboot();
    this.#boxes.set(plan.vmId, box);
    return box;
  }

  /** @returns the living machine of a VM */
  find(vmId: string): FakeBox | undefined {
    const box = this.#boxes.get(vmId);
    return box?.gone === false ? box : undefined;
  }

  findByPid(pid: number): FakeBox | undefined {
    return this.living().find((box) => box.pid === pid);
  }

  living(): readonly FakeBox[] {
    return [...this.#boxes.values()].filter((box) => !box.gone);
  }

  /** Forgets a machine that is gone. */
  forget(box: FakeBox): void {
    if (this.#boxes.get(box.plan.vmId) === box) this.#boxes.delete(box.plan.vmId);
  }
}

/** The inside of a fake machine: a name, some files, and whether its processors run. */

import { randomUUID } from "node:crypto";

import { SessionLost } from "#core/ports/guest-link.ts";
import type { BootPlan } from "#core/ports/machine.ts";
import { unlessAborted } from "#lib/patience.ts";

import { FakeFiles } from "./fake-files.ts";
import { FakeRandom } from "./fake-random.ts";

export interface Userdata {
  readonly ran: boolean;
  readonly exitCode: number | undefined;
}

/** A network card, as the guest was told to have it. */
export interface FakeCard {
  readonly mac: string | undefined;
  readonly address: string;
}

/** What a guest is made of that a saved machine keeps. */
export interface FakeMemory {
  readonly files: FakeFiles;
  readonly hostname: string;
  readonly userdata: Userdata;
  readonly bootId: string;
  readonly random: FakeRandom;
  readonly card: FakeCard | undefined;
}

export class FakeGuest {
  readonly plan: BootPlan;
  readonly files: FakeFiles;
  hostname = "localhost";
  userdata: Userdata = { ran: true, exitCode: undefined };
  random = new FakeRandom();
  /** its network card, once it was told what that is */
  card: FakeCard | undefined;
  readonly #powerOff: () => void;
  #endsAtReboot = false;
  #boot = new AbortController();
  #bootId: string = randomUUID();
  #bootedAtMs = performance.now();
  #stalled: string | undefined;
  #standstill: PromiseWithResolvers<void> | undefined;
  #frost: PromiseWithResolvers<void> | undefined;

  /**
   * @param powerOff ends the machine around this guest
   * @param memory of a saved machine: its processors stand still
   */
  constructor(plan: BootPlan, powerOff: () => void, memory: FakeMemory | undefined) {
    this.plan = plan;
    this.#powerOff = powerOff;
    this.files = memory?.files.copy() ?? new FakeFiles();
    if (!memory) return;
    this.hostname = memory.hostname;
    this.userdata = memory.userdata;
    this.#bootId = memory.bootId;
    this.random = memory.random.copy();
    this.card = memory.card;
    this.pause();
  }

  /** What there is in it now, to make a guest of later. */
  memory(): FakeMemory {
    const { files, hostname, userdata, bootId, random, card } = this;
    return { files: files.copy(), hostname, userdata, bootId, random: random.copy(), card };
  }

  get bootId(): string {
    return this.#bootId;
  }

  /** aborts when this boot of the guest is over, by a reboot or for good */
  get boot(): AbortSignal {
    return this.#boot.signal;
  }

  get uptimeNs(): number {
    return Math.round((performance.now() - this.#bootedAtMs) * 1e6);
  }

  get paused(): boolean {
    return this.#standstill !== undefined;
  }

  /** why its processors stand still without having been paused */
  get stalled(): string | undefined {
    return this.#stalled;
  }

  /** What a full disk of the host does to it, until it is resumed. */
  stall(reason: string): void {
    this.#stalled = reason;
    this.#standstill ??= Promise.withResolvers<void>();
  }

  pause(): void {
    this.#standstill ??= Promise.withResolvers<void>();
  }

  resume(): void {
    this.#stalled = undefined;
    this.#standstill?.resolve();
    this.#standstill = undefined;
  }

  /** Resolves when the processors run: nothing in a paused guest answers. */
  async running(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.boot]);
    while (this.#standstill) await unlessAborted(this.#standstill.promise, either);
    either.throwIfAborted();
  }

  /** whether its file systems hold still */
  get frozen(): boolean {
    return this.#frost !== undefined;
  }

  /** From now on what would write waits. @returns what lets it go on, once */
  freeze(): () => void {
    const frost = Promise.withResolvers<void>();
    this.#frost = frost;
    return () => {
      frost.resolve();
      if (this.#frost === frost) this.#frost = undefined;
    };
  }

  /** Resolves when its file systems can be written. */
  async writable(signal: AbortSignal): Promise<void> {
    while (this.#frost) await unlessAborted(this.#frost.promise, signal);
  }

  powerOff(): void {
    this.#powerOff();
  }

  /** From now on a reboot is the end, as under a hypervisor that knows no reset. */
  endAtReboot(): void {
    this.#endsAtReboot = true;
  }

  reboot(): void {
    if (this.#endsAtReboot) return this.powerOff();
    this.#boot.abort(new SessionLost("the guest rebooted"));
    this.files.remove("/run"); // it is memory in real guests, too
    this.#boot = new AbortController();
    this.#bootId = randomUUID();
    this.random = new FakeRandom();
    this.#bootedAtMs = performance.now();
  }

  /** The machine is gone; whoever talks to the guest is told. */
  vanish(): void {
    this.#boot.abort(new SessionLost("the guest is gone"));
  }
}

/**
 * One machine made ahead: from its beginning until it is a VM's, or gone.
 *
 * It is on no record: a daemon that dies leaves it to the next one's sweep.
 */

import { AlcoveError } from "../errors.ts";
import type { AheadMachine } from "../vm/made-ahead.ts";
import type { VmRecord } from "../vm/vm.ts";

/** A machine that stands still, with all that was made for it. Disposing it leaves nothing. */
export interface WholeMachine extends AheadMachine, AsyncDisposable {
  /** what is its own of the host's memory, in bytes */
  readonly memoryBytes: number;
  /** From now on a VM's record keeps what it needs; disposing it is the VM's affair. */
  release(): void;
}

/** `making`: not there yet. `waiting`: for a VM. `claimed`: by one that is about to be. `over`: gone, or a VM's. */
export type MemberPhase = "making" | "waiting" | "claimed" | "over";

export interface MemberDeps {
  readonly make: (place: VmRecord, signal: AbortSignal) => Promise<WholeMachine>;
  /** told when its place is free, or a VM's */
  readonly onOver: (member: PoolMember) => void;
  /** told what could not be taken back; the next daemon's sweep removes it */
  readonly onLeft: (error: unknown) => void;
}

export class PoolMember {
  readonly place: VmRecord;
  /** settles when it waits, or could not be made; then nothing is left of it */
  readonly made: Promise<void>;
  readonly #deps: MemberDeps;
  readonly #over = new AbortController();
  #phase: MemberPhase = "making";
  #ahead: WholeMachine | undefined;
  #ended: Promise<void> | undefined;

  /** @param signal gives up making it */
  constructor(place: VmRecord, deps: MemberDeps, signal: AbortSignal) {
    this.place = place;
    this.#deps = deps;
    this.made = this.#make(AbortSignal.any([signal, this.#over.signal]));
    this.made.catch(() => {}); // whoever makes it sees it; ending it waits for it, too
  }

  get phase(): MemberPhase {
    return this.#phase;
  }

  /** of the host's memory, in bytes; 0 while it is made */
  get memoryBytes(): number {
    return this.#ahead?.memoryBytes ?? 0;
  }

  /** @returns `undefined` unless it waits */
  claim(): AheadMachine | undefined {
    if (this.#phase !== "waiting" || !this.#ahead) return undefined;
    this.#phase = "claimed";
    return this.#ahead;
  }

  putBack(): void {
    if (this.#phase !== "claimed") return;
    this.#phase = "waiting";
    if (this.#over.signal.aborted) void this.end();
  }

  /** It is a VM's. */
  keep(): void {
    this.#phase = "over";
    this.#ahead?.release();
    this.#deps.onOver(this);
  }

  /** Ends it, unless it is claimed: then as soon as it is put back. Never rejects. */
  end(): Promise<void> {
    this.#over.abort(gaveWay());
    if (this.#phase === "claimed") return Promise.resolve();
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #make(signal: AbortSignal): Promise<void> {
    try {
      this.#ahead = await this.#deps.make(this.place, signal);
    } catch (error) {
      this.#phase = "over";
      this.#deps.onOver(this);
      throw error;
    }
    this.#phase = "waiting";
    void this.#ahead.machine.exited.then(() => this.#onExit());
  }

  async #end(): Promise<void> {
    await this.made.catch(() => undefined); // said to whoever makes it
    if (this.#phase !== "waiting") return;
    this.#phase = "over";
    try {
      await this.#ahead?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#deps.onLeft(error);
    }
    this.#deps.onOver(this);
  }

  /** A machine that was claimed meanwhile is the claimer's: he finds it dead. */
  #onExit(): void {
    if (this.#phase === "waiting" || this.#phase === "claimed") void this.end();
  }
}

function gaveWay(): AlcoveError {
  const message = "A VM needed the room of the machine that was being made ahead";
  return new AlcoveError("no_capacity", message, { resource: "vms", needed: 1, available: 0 });
}

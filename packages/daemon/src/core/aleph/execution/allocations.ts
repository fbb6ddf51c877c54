/**
 * The whole desired state of a node, as its scheduler sends it. One at a time.
 *
 * What its owner pays by the second, what has a GPU and what is confidential is not the scheduler's to stop: its owner
 * had it started.
 */

import { inParallel } from "#lib/in-parallel.ts";
import { Turnstile } from "#lib/turnstile.ts";

import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import { reprOf } from "./start-error.ts";
import { type ExecutionView, isOwners } from "./view.ts";

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

/** What an allocation needs of executions. */
export interface AllocationDesk {
  list(): readonly ExecutionView[];
  ensureRunning(vmHash: ItemHash, signal: AbortSignal): Promise<void>;
  /** Stops a VM and gives up its ports. */
  deallocate(vmHash: ItemHash, signal: AbortSignal): Promise<void>;
}

/** VMs that are stopped at a time: a guest may take a minute */
const STOP_WIDTH = 8;

export class Allocations {
  readonly #desk: AllocationDesk;
  readonly #log: Log;
  readonly #turns = new Turnstile();

  constructor(desk: AllocationDesk, log: Log) {
    this.#desk = desk;
    this.#log = log;
  }

  /** Never throws for one VM. */
  async bring(
    { persistentVms, instances }: Allocation,
    signal: AbortSignal,
  ): Promise<AllocationReport> {
    using _turn = await this.#turns.enter(signal);
    const wanted = new Set([...persistentVms, ...instances]);
    const stopped = await this.#stopOthers(wanted, signal);
    const errors = new Map<ItemHash, string>();
    for (const vmHash of wanted) {
      const error = await this.#start(vmHash, signal);
      if (error !== undefined) errors.set(vmHash, error);
    }
    return {
      successful: [...wanted].filter((vmHash) => !errors.has(vmHash)),
      failing: [...errors.keys()],
      stopped,
      errors: Object.fromEntries(errors),
    };
  }

  async #stopOthers(
    wanted: ReadonlySet<ItemHash>,
    signal: AbortSignal,
  ): Promise<readonly ItemHash[]> {
    const unwanted = this.#desk
      .list()
      .filter((view) => !wanted.has(view.record.vmHash) && isSchedulers(view))
      .map(({ record }) => record.vmHash);
    const stopped: ItemHash[] = [];
    await inParallel(STOP_WIDTH, unwanted, async (vmHash) => {
      try {
        await this.#desk.deallocate(vmHash, signal);
        stopped.push(vmHash);
      } catch (error) {
        signal.throwIfAborted();
        this.#log.error("aleph.deallocation_failed", { vmHash, error });
      }
    });
    return unwanted.filter((vmHash) => stopped.includes(vmHash));
  }

  /** @returns why it does not run */
  async #start(vmHash: ItemHash, signal: AbortSignal): Promise<string | undefined> {
    try {
      await this.#desk.ensureRunning(vmHash, signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      this.#log.warn("aleph.allocation_failed", { vmHash, error });
      return reprOf(error);
    }
  }
}

function isSchedulers(view: ExecutionView): boolean {
  return view.record.ended === undefined && view.record.persistent && !isOwners(view);
}

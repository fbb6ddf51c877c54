/**
 * Stops what its owner does not pay for any more. What a scheduler has put here is the scheduler's to take away.
 *
 * Only what is known to be unpaid for a while is stopped: a payment that cannot be looked up counts as none of either.
 */

import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import { Refusal } from "../refusal.ts";
import { mustBeInstance } from "./machine-order.ts";
import type { PaymentDesk } from "./notice.ts";
import { type ExecutionView, isOwners } from "./view.ts";

export interface PaymentWatchDesk {
  list(): readonly ExecutionView[];
  /** Stops a VM and gives up its ports. */
  deallocate(vmHash: ItemHash, signal: AbortSignal): Promise<void>;
}

/** looks in a row that have to find a VM unpaid */
const PATIENCE = 3;

function isOwnersInstance(view: ExecutionView): boolean {
  return view.content.kind === "instance" && isOwners(view);
}

export class PaymentWatch {
  readonly #desk: PaymentWatchDesk;
  readonly #payments: PaymentDesk;
  readonly #log: Log;
  /** how often in a row a VM was found unpaid, by its hash */
  #unpaid: ReadonlyMap<ItemHash, number> = new Map();

  constructor(desk: PaymentWatchDesk, payments: PaymentDesk, log: Log) {
    this.#desk = desk;
    this.#payments = payments;
    this.#log = log;
  }

  /** Looks once at everything that owners pay for. One VM's trouble is logged. */
  async look(signal: AbortSignal): Promise<void> {
    const unpaid = new Map<ItemHash, number>();
    for (const view of this.#desk.list().filter(isOwnersInstance)) {
      const { vmHash, ended } = view.record;
      if (ended !== undefined) continue;
      const times = await this.#timesUnpaid(view, signal);
      if (times < PATIENCE) unpaid.set(vmHash, times);
      else await this.#stop(vmHash, signal);
    }
    this.#unpaid = unpaid;
  }

  async #timesUnpaid({ record, content }: ExecutionView, signal: AbortSignal): Promise<number> {
    const before = this.#unpaid.get(record.vmHash) ?? 0;
    try {
      const order = { message: record.original, content: mustBeInstance(content) };
      await this.#payments.check(order, signal);
      return 0;
    } catch (error) {
      signal.throwIfAborted();
      if (Refusal.is(error, "payment required")) return before + 1;
      this.#log.warn("aleph.payment_unknown", { vmHash: record.vmHash, error });
      return before;
    }
  }

  async #stop(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    this.#log.info("aleph.unpaid", { vmHash });
    try {
      await this.#desk.deallocate(vmHash, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#log.error("aleph.unpaid_not_stopped", { vmHash, error });
    }
  }
}

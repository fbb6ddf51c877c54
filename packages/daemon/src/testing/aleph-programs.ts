/** Programs that only remember that they were started. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { ProgramOrder, ProgramRoom } from "#core/aleph/ports/program-room.ts";
import { unlessAborted } from "#lib/patience.ts";

export class FakePrograms implements Pick<ProgramRoom, "begin"> {
  readonly begun: ItemHash[] = [];
  readonly orders: ProgramOrder[] = [];
  /** every start waits for it */
  gate: Promise<void> = Promise.resolve();
  /** the next starts fail with these */
  readonly troubles: Error[] = [];

  async begin(order: ProgramOrder, signal: AbortSignal): Promise<void> {
    await unlessAborted(this.gate, signal);
    const trouble = this.troubles.shift();
    if (trouble) throw trouble;
    this.begun.push(order.vmHash);
    this.orders.push(order);
  }
}

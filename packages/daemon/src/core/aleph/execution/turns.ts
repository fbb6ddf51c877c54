/** One thing at a time for each VM. Remembers a VM for as long as somebody has or awaits a turn. */

import { Turnstile } from "#lib/turnstile.ts";

import type { ItemHash } from "../item-hash.ts";

export class Turns {
  readonly #queues = new Map<ItemHash, { readonly turnstile: Turnstile; users: number }>();

  /** @param signal gives up the place in the queue; rejects with its reason */
  async enter(vmHash: ItemHash, signal: AbortSignal): Promise<Disposable> {
    const queue = this.#queues.get(vmHash) ?? { turnstile: new Turnstile(), users: 0 };
    this.#queues.set(vmHash, queue);
    queue.users += 1;
    const leave = () => {
      queue.users -= 1;
      if (queue.users === 0) this.#queues.delete(vmHash);
    };
    try {
      const turn = await queue.turnstile.enter(signal);
      return { [Symbol.dispose]: once(turn, leave) };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

function once(turn: Disposable, leave: () => void): () => void {
  let over = false;
  return () => {
    if (over) return;
    over = true;
    turn[Symbol.dispose]();
    leave();
  };
}

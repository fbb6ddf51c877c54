/**
 * Who may operate a VM: its owner, those whom the owner's `security` aggregate names, and administrators.
 *
 * What aggregates say is remembered for a while, for a bounded number of owners. That an aggregate could not be
 * read is never remembered, and lets nobody in.
 */

import { unlessAborted } from "#lib/patience.ts";

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { isSameAddress, type Caller } from "../caller.ts";
import type { MessageSource } from "../ports/message-source.ts";
import { Refusal } from "../refusal.ts";
import { delegatesIn } from "../delegates.ts";

/** owners whose delegates are remembered; those asked for longest ago go first */
const MAX_REMEMBERED_OWNERS = 1024;
const MAX_LOOKUP_MS = 10_000;

export interface OwnershipDeps {
  readonly messages: Pick<MessageSource, "aggregate">;
  /** how long delegations are remembered, in seconds */
  readonly delegationTtlS: number;
  readonly clock: Clock;
  readonly log: Log;
}

interface Remembered {
  /** lower case */
  readonly delegates: ReadonlySet<string>;
  /** milliseconds since 1970 */
  readonly until: number;
}

export class Ownership {
  readonly #deps: OwnershipDeps;
  /** by owner in lower case, least recently used first */
  readonly #remembered = new Map<string, Remembered>();
  readonly #lookups = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(deps: OwnershipDeps) {
    this.#deps = deps;
  }

  /** @param ownerAddress `content.address` of the VM's message */
  async mayOperate(caller: Caller, ownerAddress: string, signal: AbortSignal): Promise<boolean> {
    if (caller.kind === "administrator") return true;
    if (caller.kind === "nobody") return false;
    if (isSameAddress(caller.address, ownerAddress)) return true;
    const delegates = await this.#delegatesOf(ownerAddress.toLowerCase(), ownerAddress, signal);
    return delegates?.has(caller.address.toLowerCase()) ?? false;
  }

  /** @throws Refusal `not the owner` for whoever may not */
  async demand(caller: Caller, ownerAddress: string, signal: AbortSignal): Promise<void> {
    if (await this.mayOperate(caller, ownerAddress, signal)) return;
    throw new Refusal("not the owner", "Unauthorized sender");
  }

  /** Asks for an owner's delegations anew next time: they have changed. */
  forget(ownerAddress: string): void {
    const owner = ownerAddress.toLowerCase();
    this.#remembered.delete(owner);
    this.#lookups.delete(owner); // what it brings is not kept then
  }

  async #delegatesOf(
    owner: string,
    ownerAddress: string,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string> | undefined> {
    const known = this.#recall(owner);
    if (known) return known;
    try {
      return await unlessAborted(this.#lookup(owner, ownerAddress), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#deps.log.warn("aleph.delegations.unknown", { owner, error });
      return undefined;
    }
  }

  #recall(owner: string): ReadonlySet<string> | undefined {
    const known = this.#remembered.get(owner);
    if (!known) return undefined;
    this.#remembered.delete(owner);
    if (known.until <= this.#now()) return undefined;
    this.#remembered.set(owner, known);
    return known.delegates;
  }

  /** One look-up at a time for one owner: its askers share it, and none of them can end it for the others. */
  #lookup(owner: string, ownerAddress: string): Promise<ReadonlySet<string>> {
    const running = this.#lookups.get(owner);
    if (running) return running;
    const lookup = this.#ask(ownerAddress);
    this.#lookups.set(owner, lookup);
    const settled = (delegates: ReadonlySet<string> | undefined) => {
      if (this.#lookups.get(owner) !== lookup) return;
      this.#lookups.delete(owner);
      if (delegates) this.#remember(owner, delegates);
    };
    lookup.then(settled, () => settled(undefined));
    return lookup;
  }

  async #ask(ownerAddress: string): Promise<ReadonlySet<string>> {
    const signal = AbortSignal.timeout(MAX_LOOKUP_MS);
    const asked = this.#deps.messages.aggregate(ownerAddress, "security", signal);
    return delegatesIn(await unlessAborted(asked, signal), "INSTANCE");
  }

  #remember(owner: string, delegates: ReadonlySet<string>): void {
    const until = this.#now() + this.#deps.delegationTtlS * 1000;
    this.#remembered.set(owner, { delegates, until });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED_OWNERS && oldest !== undefined)
      this.#remembered.delete(oldest);
  }

  #now(): number {
    return this.#deps.clock.now().getTime();
  }
}

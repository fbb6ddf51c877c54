/**
 * The door of an Aleph node: who a request comes from, as far as it proves it. Whether that one may operate a
 * certain VM is `Ownership`'s.
 *
 * Credentials that are shown have to be right: nobody gets in as nobody with a wrong key in their hand.
 */

import type { Clock } from "../../ports/clock.ts";
import type { Caller } from "../caller.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import type { AuthSettings } from "../settings.ts";
import type { RequestFacts } from "./request-facts.ts";

/**
 * `scheduler`: administrators only. `machine`: administrators and wallets. `reserve`: the same, for resources that
 * are nobody's yet. `open`: as the node's settings say, also nobody.
 */
export type DoorKind = "scheduler" | "machine" | "reserve" | "open";

export interface DoorDeps {
  readonly auth: AuthSettings;
  /** the names that clients sign for, the node's own first */
  readonly domains: readonly [string, ...string[]];
  readonly wallets: WalletSignatures;
  readonly clock: Clock;
}

/** What becomes of somebody who wants to watch a VM's logs. */
export type Watching = { readonly caller: Caller } | { readonly refused: string };

export class Door {
  readonly #deps: DoorDeps;

  constructor(deps: DoorDeps) {
    this.#deps = deps;
  }

  /**
   * @returns who it is; `nobody` only at an open door
   * @throws Refusal `unauthorized` or `bad request`, in the words of the API
   */
  async caller(facts: RequestFacts, kind: DoorKind): Promise<Caller> {
    throw new Error(
      `invariant: the ${kind} door to ${facts.path} is not hung yet ${this.#deps.domains[0]}`,
    );
  }

  /**
   * @param firstFrame a watcher's first message: text, or the bytes of a binary frame
   * @returns the wallet, or the words to refuse with; never throws
   */
  async watcher(firstFrame: string | Uint8Array): Promise<Watching> {
    return { refused: `invariant: the door is not hung yet (${firstFrame.length})` };
  }
}

/**
 * The door of an Aleph node: who a request comes from, as far as it proves it. Whether that one may operate a
 * certain VM is `Ownership`'s.
 *
 * Credentials that are shown have to be right: nobody gets in as nobody with a wrong key in their hand. To look at a
 * signature takes milliseconds, and anybody may send any number: they are looked at one by one, and whoever needs
 * none does not wait for it.
 */

import { OneATurn } from "#lib/one-a-turn.ts";

import type { Clock } from "../../ports/clock.ts";
import type { Caller } from "../caller.ts";
import type { EarlierRuns } from "../ports/earlier-runs.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import { Refusal } from "../refusal.ts";
import type { AuthSettings } from "../settings.ts";
import { Administrators } from "./administrators.ts";
import { Operators } from "./operators.ts";
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
  readonly earlier: EarlierRuns;
  readonly clock: Clock;
}

/** What becomes of somebody who wants to watch a VM's logs. */
export type Watching = { readonly caller: Caller } | { readonly refused: string };

export class Door {
  readonly #administrators: Administrators;
  readonly #operators: Operators;
  readonly #letsNobodyIn: boolean;
  readonly #turns = new OneATurn();

  constructor({ auth, domains, wallets, earlier, clock }: DoorDeps) {
    const { operationsOnce } = auth;
    this.#administrators = new Administrators({ auth, wallets, earlier, clock });
    this.#operators = new Operators({ domains, operationsOnce, earlier, wallets, clock });
    this.#letsNobodyIn = auth.openNotify;
  }

  /**
   * @returns who it is; `nobody` only at an open door
   * @throws Refusal `unauthorized`, `bad request` or `unavailable`, in the words of the API
   */
  async caller(facts: RequestFacts, kind: DoorKind): Promise<Caller> {
    if (facts.authorization || facts.allocationToken !== undefined) {
      if (facts.authorization) await this.#mayBeLookedAt();
      if (await this.#administrators.admits(facts)) return { kind: "administrator" };
      throw notAnAdministrator();
    }
    if (kind === "scheduler") throw notAnAdministrator();
    if (kind === "open" && !facts.signedPubKey && !facts.signedOperation) {
      if (this.#letsNobodyIn) return { kind: "nobody" };
      throw notAnAdministrator();
    }
    await this.#mayBeLookedAt();
    return this.#operators.caller(facts);
  }

  /**
   * @param firstFrame a watcher's first message: text, or the bytes of a binary one
   * @returns the wallet, or the words to refuse with
   */
  async watcher(firstFrame: string | Uint8Array): Promise<Watching> {
    try {
      await this.#mayBeLookedAt();
      return { caller: this.#operators.watcher(firstFrame) };
    } catch (error) {
      if (error instanceof Refusal) return { refused: error.message };
      throw error;
    }
  }

  async #mayBeLookedAt(): Promise<void> {
    if ((await this.#turns.take()) === "go") return;
    throw new Refusal("unavailable", "Too many signatures wait to be looked at; try again soon");
  }
}

/** Whatever is wrong with a token or a signed request, this is all that is said of it. */
function notAnAdministrator(): Refusal {
  return new Refusal("unauthorized", "Authentication token received is invalid");
}

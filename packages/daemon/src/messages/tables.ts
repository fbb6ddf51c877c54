/** The two lists of the store that are one file each: the ledger of balances and prices, and the domains of VMs. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import { isObject } from "#core/aleph/message/lax-values.ts";
import type { Balance, Price } from "#core/aleph/ports/message-source.ts";

import { readJson } from "./bounded-json.ts";
import type { DamageReport } from "./damage-report.ts";
import { MAX_TABLE_BYTES, type StoreLayout } from "./store-layout.ts";

type Members = Readonly<Record<string, unknown>>;

/** what an instance costs whose own price the ledger does not have */
const DEFAULT_PRICE = "default";

export class Tables {
  readonly #layout: StoreLayout;
  readonly #damage: DamageReport;

  constructor(layout: StoreLayout, damage: DamageReport) {
    this.#layout = layout;
    this.#damage = damage;
  }

  /** @returns nothing at all for an address that the ledger does not know. @throws Error when the ledger is damaged */
  async balance(address: string): Promise<Balance> {
    const account = membersOf(await this.#account(address));
    return {
      tokens: numberAt(account, "balance") ?? 0,
      credits: numberAt(account, "credit_balance") ?? 0,
    };
  }

  /** @returns tokens a second; 0 for what the ledger does not know. @throws Error when the ledger is damaged */
  async rate(from: string, to: string): Promise<number> {
    const streams = membersOf(membersOf(await this.#account(from))["streams"]);
    return numberAt(streams, to.toLowerCase()) ?? 0;
  }

  /** @throws Error when the ledger is damaged */
  async price(hash: ItemHash): Promise<Price | undefined> {
    const prices = membersOf((await this.#ledger())["prices"]);
    const price = membersOf(prices[hash] ?? prices[DEFAULT_PRICE]);
    const cost = numberAt(price, "cost");
    return cost === undefined ? undefined : { cost, type: typeOf(price["payment_type"]) };
  }

  /** @returns what the file says; `undefined` when there is none, or it is damaged */
  async domains(): Promise<unknown> {
    const json = await readJson(this.#layout.domains, MAX_TABLE_BYTES);
    if (json.kind === "damaged") this.#damage.tell(this.#layout.domains, json.stamp, json.reason);
    return json.kind === "value" ? json.value : undefined;
  }

  async #account(address: string): Promise<unknown> {
    return (await this.#ledger())[address.toLowerCase()];
  }

  /** Where it is damaged nobody is told that he has nothing. */
  async #ledger(): Promise<Members> {
    const file = this.#layout.ledger;
    const json = await readJson(file, MAX_TABLE_BYTES);
    if (json.kind === "missing") return {};
    if (json.kind === "value" && isObject(json.value)) return json.value;
    const reason = json.kind === "damaged" ? json.reason : "it is no object of JSON";
    this.#damage.tell(file, json.stamp, reason);
    throw new Error(`The ledger of this node cannot be read: ${reason}`);
  }
}

function typeOf(word: unknown): Price["type"] {
  return word === "superfluid" || word === "credit" ? word : "hold";
}

/** Amounts may be written as texts, as the network writes them. */
function numberAt(members: Members, key: string): number | undefined {
  const value = members[key];
  const amount = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof amount === "number" && Number.isFinite(amount) && amount >= 0 ? amount : undefined;
}

function membersOf(value: unknown): Members {
  return isObject(value) ? value : {};
}

/** The list of domains that VMs are known by, as the network's domain service writes it: from the store, or from the service. */

import { parseItemHash } from "#core/aleph/item-hash.ts";
import type { DomainName, DomainNames } from "#core/aleph/ports/domain-names.ts";
import { MIB } from "#lib/bytes.ts";
import { within } from "#lib/patience.ts";

import { isDomain } from "./domain-map.ts";

const ASK_LIMIT_MS = 15_000;
const MAX_LIST_BYTES = 8 * MIB;

export interface DomainSources {
  /** what the local store has, as JSON; `undefined`: it has no list */
  readonly local: () => Promise<unknown>;
  /** `undefined`: nobody else is asked */
  readonly serviceUrl: string | undefined;
  /** the name that the service knows this node by */
  readonly nodeName: string;
}

/** names of a node that has none: the service would know nothing of it */
const NO_NAMES: ReadonlySet<string> = new Set(["localhost", "vm.example.org"]);

export function domainNames({ local, serviceUrl, nodeName }: DomainSources): DomainNames {
  return {
    async list(signal) {
      const own = await local();
      if (own !== undefined) return namesIn(own);
      if (serviceUrl === undefined || NO_NAMES.has(nodeName)) return [];
      return namesIn(await askedOf(serviceUrl, nodeName, signal));
    },
  };
}

async function askedOf(url: string, nodeName: string, signal: AbortSignal): Promise<unknown> {
  const asked = new URL(url);
  asked.searchParams.set("crn", nodeName);
  const answer = await fetch(asked, { signal: within(ASK_LIMIT_MS, signal) });
  if (!answer.ok) throw new Error(`The domain service answered ${answer.status}`);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body ?? []) {
    size += piece.byteLength;
    if (size > MAX_LIST_BYTES) throw new Error("The domain service answers too much");
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString("utf8"));
}

/** What is no domain of a VM is left out: one wrong entry must not cost the others theirs. */
export function namesIn(list: unknown): readonly DomainName[] {
  if (!Array.isArray(list)) throw new Error("The list of domains is no list");
  return list.flatMap((entry: unknown) => nameIn(entry));
}

function nameIn(entry: unknown): readonly DomainName[] {
  const members: Record<string, unknown> =
    typeof entry === "object" && entry !== null ? { ...entry } : {};
  const { name, item_hash: hash } = members;
  if (typeof name !== "string" || typeof hash !== "string") return [];
  const vmHash = parseItemHash(hash);
  const lower = name.toLowerCase();
  return vmHash !== undefined && isDomain(lower) ? [{ name: lower, vmHash }] : [];
}

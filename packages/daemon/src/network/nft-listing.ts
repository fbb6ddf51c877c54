/** What the packet filter holds, as nft lists it in JSON: rules of ours that an earlier daemon left, and ports that any rule names. */

import type { PortRedirect } from "#core/network/network.ts";
import { ProgramFailed, ProgramMissing, runText } from "#process/run.ts";

import type { PortTarget } from "./routed-guests.ts";
import { REACHED6, REDIRECTS } from "./routed-rules.ts";

const TIMEOUT_MS = 10_000;

/** the most that a listing may be: hosts have tens of thousands of rules at times */
const MAX_LISTING_BYTES = 64 * 1024 * 1024;

const MAX_PORT = 65_535;

const NOTHING_THERE = /No such file|not permitted|not supported/;

type Json = Readonly<Record<string, unknown>>;

/** What a table of ours says of VMs that were routed to. */
export interface FormerRules {
  readonly targets: readonly PortTarget[];
  /** addresses of guests that the world reached over IPv6, bare */
  readonly reached6: readonly string[];
  /** names of all chains */
  readonly chains: readonly string[];
}

export const NOTHING: FormerRules = { targets: [], reached6: [], chains: [] };

/** @returns nothing where there is no such table */
export async function formerRules(table: string, signal: AbortSignal): Promise<FormerRules> {
  const items = await listed(["list", "table", "inet", table], signal);
  const elementsOf = (name: string) =>
    items
      .flatMap(({ set, map }) => [set, map])
      .filter((it) => isJson(it) && it["name"] === name)
      .flatMap((it) => (isJson(it) && Array.isArray(it["elem"]) ? it["elem"] : []));
  return {
    targets: elementsOf(REDIRECTS).flatMap((it) => targetOf(it) ?? []),
    reached6: elementsOf(REACHED6).flatMap((it) => concatOf(it).slice(1).map(String)),
    chains: items.flatMap(({ chain }) => (isJson(chain) ? String(chain["name"]) : [])),
  };
}

/**
 * @returns ports that some rule, set or map of the host names one by one, and those in a range that are sent
 *   elsewhere
 */
export async function portsNamed(signal: AbortSignal): Promise<readonly NamedPorts[]> {
  return (await listed(["list", "ruleset"], signal)).flatMap(namedIn);
}

/** From `first` to `last`, both included. */
export interface NamedPorts {
  readonly first: number;
  readonly last: number;
}

async function listed(args: readonly string[], signal: AbortSignal): Promise<readonly Json[]> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const spec = { file: "nft", args: ["-j", ...args], maxOutputBytes: MAX_LISTING_BYTES };
  try {
    const listing: unknown = JSON.parse(await runText(spec, deadline));
    const items = isJson(listing) ? listing["nftables"] : undefined;
    return Array.isArray(items) ? items.filter(isJson) : [];
  } catch (error) {
    // Who has no nft, or may not ask it, has made no rules here either.
    if (error instanceof ProgramMissing) return [];
    if (error instanceof ProgramFailed && NOTHING_THERE.test(error.lastWords)) return [];
    throw error;
  }
}

/** `[{concat: ["tcp", 24000]}, {concat: ["172.16.4.2", 22]}]` */
function targetOf(element: unknown): PortTarget | undefined {
  const [key, value] = Array.isArray(element) ? element : [];
  const [protocol, hostPort] = concatOf(key);
  const [address, vmPort] = concatOf(value);
  if (!isPort(hostPort) || !isPort(vmPort) || typeof address !== "string") return undefined;
  return { address, hostPort, vmPort, tcp: protocol === "tcp", udp: protocol === "udp" };
}

/** @returns what leads to an address, with both protocols of a port in one */
export function redirectsTo(
  address: string,
  targets: readonly PortTarget[],
): readonly PortRedirect[] {
  const byPorts = new Map<string, PortRedirect>();
  for (const { address: to, hostPort, vmPort, tcp, udp } of targets) {
    if (to !== address) continue;
    const key = `${hostPort} ${vmPort}`;
    const known = byPorts.get(key);
    const [isTcp, isUdp] = [tcp || known?.tcp === true, udp || known?.udp === true];
    byPorts.set(key, { hostPort, vmPort, tcp: isTcp, udp: isUdp });
  }
  return [...byPorts.values()];
}

function namedIn({ rule, set, map }: Json): readonly NamedPorts[] {
  if (isJson(rule)) return namedByRule(rule);
  const named = [set, map].find(isJson);
  if (!named || ![named["type"]].flat().includes("inet_service")) return [];
  const elements = Array.isArray(named["elem"]) ? named["elem"] : [];
  return numbersIn(isJson(map) ? elements.map(keyOf) : elements, false);
}

function namedByRule({ expr }: Json): readonly NamedPorts[] {
  if (!Array.isArray(expr)) return [];
  const steps = expr.filter(isJson);
  const translations = steps.flatMap(({ dnat, redirect, tproxy }) => [dnat, redirect, tproxy]);
  const isTranslated = steps.some((it) => "dnat" in it || "redirect" in it || "tproxy" in it);
  const matched = steps.flatMap(({ match }) =>
    isJson(match) && mentionsPort(match["left"]) ? numbersIn(match["right"], isTranslated) : [],
  );
  return [...matched, ...translations.flatMap(mapKeys)];
}

/** `{map: {key: …dport, data: {set: [[24000, …]]}}}`, however deep */
function mapKeys(value: unknown): readonly NamedPorts[] {
  if (Array.isArray(value)) return value.flatMap(mapKeys);
  if (!isJson(value)) return [];
  const { map } = value;
  if (!isJson(map) || !isJson(map["data"])) return Object.values(value).flatMap(mapKeys);
  const pairs = mentionsPort(map["key"]) ? map["data"]["set"] : [];
  return Array.isArray(pairs) ? numbersIn(pairs.map(keyOf), true) : [];
}

function mentionsPort(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mentionsPort);
  if (!isJson(value)) return false;
  return value["field"] === "dport" || Object.values(value).some(mentionsPort);
}

/** @param withRanges whether a range counts: one that is only let in leads nowhere */
function numbersIn(value: unknown, withRanges: boolean): readonly NamedPorts[] {
  if (isPort(value)) return [{ first: value, last: value }];
  if (Array.isArray(value)) return value.flatMap((it) => numbersIn(it, withRanges));
  if (!isJson(value)) return [];
  const { range } = value;
  if (!Array.isArray(range)) return Object.values(value).flatMap((it) => numbersIn(it, withRanges));
  const [first, last] = range;
  return withRanges && isPort(first) && isPort(last) ? [{ first, last }] : [];
}

function concatOf(value: unknown): readonly unknown[] {
  const parts = isJson(value) ? value["concat"] : undefined;
  return Array.isArray(parts) ? parts : [];
}

function keyOf(pair: unknown): unknown {
  return Array.isArray(pair) ? pair[0] : undefined;
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && value <= MAX_PORT;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

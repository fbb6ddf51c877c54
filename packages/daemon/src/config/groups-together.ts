/** What host groups must not have in common. */

import type { HostGroup } from "#core/group/host-group.ts";
import { bridgePlan } from "#core/network/bridge-plan.ts";
import type { BridgeNetwork } from "#core/network/network.ts";
import { boundsOf, parseCidr } from "#lib/ipv4.ts";

import type { MapReader } from "./map-reader.ts";

/** @param blocks where each of `groups` was read from */
export function checkTogether(blocks: readonly MapReader[], groups: readonly HostGroup[]): void {
  for (const [at, group] of groups.entries()) {
    for (const [before, other] of groups.slice(0, at).entries()) {
      const firstLine = blocks[before]?.lineOf("name") ?? 1;
      for (const [key, problem] of conflictsOf(group, other)) {
        blocks[at]?.problem(key, `${problem} (line ${firstLine})`);
      }
    }
  }
}

type Conflict = readonly [key: string, problem: string];

function conflictsOf(group: HostGroup, other: HostGroup): readonly Conflict[] {
  const { name } = group;
  if (name === "" || other.name === "") return []; // missing, as was said already
  if (name === other.name) return [["name", `is "${name}" again: groups need names of their own`]];
  const conflicts: Conflict[] = [];
  if (isHostnameOf(other.name, name) || isHostnameOf(name, other.name)) {
    const problem = `is "${name}", and one of it and "${other.name}" is also a host name of the other's VMs`;
    conflicts.push(["name", problem]);
  }
  const [mine, theirs] = [group.network, other.network].filter((it) => it.mode === "bridge");
  if (mine && theirs && overlap(mine, theirs)) {
    const problem = `is ${bridgePlan(mine).network}, which overlaps that of group "${other.name}": give each a gateway of its own, or both the same bridge and gateway`;
    conflicts.push(["network", problem]);
  }
  return conflicts;
}

function isHostnameOf(group: string, name: string): boolean {
  return name.startsWith(`${group}-`) && /^\d+$/.test(name.slice(group.length + 1));
}

/** Two groups may share a bridge, and then its gateway. */
function overlap(one: BridgeNetwork, other: BridgeNetwork): boolean {
  const [a, b] = [bridgePlan(one), bridgePlan(other)];
  const shared = one.bridge !== undefined && one.bridge === other.bridge;
  if (shared && a.gateway === b.gateway && a.prefix === b.prefix) return false;
  const [networkA, networkB] = [parseCidr(a.network), parseCidr(b.network)];
  if (!networkA || !networkB) return false;
  const [firstA, lastA] = boundsOf(networkA);
  const [firstB, lastB] = boundsOf(networkB);
  return firstA <= lastB && firstB <= lastA;
}

/** What host groups must not have in common. */

import type { HostGroup } from "#core/group/host-group.ts";
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
  const networks = [group.network, other.network].filter((it) => it.mode === "bridge");
  const [mine, theirs] = networks;
  if (mine && theirs && overlap(mine, theirs)) {
    conflicts.push([
      "network",
      `has the gateway ${mine.gateway}, in the network of group "${other.name}"`,
    ]);
  }
  return conflicts;
}

function isHostnameOf(group: string, name: string): boolean {
  return name.startsWith(`${group}-`) && /^\d+$/.test(name.slice(group.length + 1));
}

/** Two groups may share a bridge, and then its gateway. */
function overlap(one: BridgeNetwork, other: BridgeNetwork): boolean {
  const shared = one.bridge !== undefined && one.bridge === other.bridge;
  if (shared && one.gateway === other.gateway) return false;
  const [a, b] = [one, other].map(({ gateway }) => parseCidr(gateway ?? ""));
  if (!a || !b) return false;
  const [firstA, lastA] = boundsOf(a);
  const [firstB, lastB] = boundsOf(b);
  return firstA <= lastB && firstB <= lastA;
}

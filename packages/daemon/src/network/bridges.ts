/** The bridges that this daemon makes on the host, and takes away when no network is theirs. */

import type { BridgePlan } from "#core/network/bridge-plan.ts";
import { bridgedIpv6 } from "#core/network/local-plan.ts";

import { bridgeLines, gatewayLines } from "./devices.ts";
import type { Names } from "./names.ts";
import { deviceExists, hasIpv6, hostNetworks, overlap, ownDevices, ownerOf } from "./presence.ts";
import { ipBatch, ipBatchForced } from "./tools.ts";

/** what is written on bridges where a VM's id would be */
export const BRIDGE_OWNER = "bridge";

/** Sees to it that a bridge is there, with the host's address in a network. */
export async function raiseBridge(
  names: Names,
  name: string,
  plan: BridgePlan,
  signal: AbortSignal,
): Promise<void> {
  const mark = names.mark(BRIDGE_OWNER);
  const isThere = deviceExists(name);
  if (isThere && (await ownerOf(name, names)) !== BRIDGE_OWNER) {
    throw new Error(`The network device ${name} is not this daemon's: name another bridge`);
  }
  mustBeFree(plan.network, (device) => device === name);
  const mac = names.hostMac(name);
  const ipv6 = hasIpv6() ? gatewayIpv6(names, name, plan) : undefined;
  if (ipv6 !== undefined) mustBeFree(ipv6, (device) => device === name, "another bridge");
  const made = isThere ? [] : bridgeLines({ name, mac, mark });
  await ipBatch([...made, ...gatewayLines(name, plan, ipv6)], signal);
}

/** @returns the bridges that were removed, because they are none of `used` */
export async function removeIdleBridges(
  names: Names,
  used: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const idle = (await ownDevices(names))
    .filter(({ name, owner }) => owner === BRIDGE_OWNER && !used.has(name))
    .map(({ name }) => name);
  const lines = idle.map((name) => `link del dev ${name}`);
  if (lines.length > 0) await ipBatchForced(lines, signal);
  return idle;
}

/** @throws Error when a device that is not `ours` is in an overlapping network */
export function mustBeFree(
  network: string,
  ours: (device: string) => boolean,
  cure = "another one",
): void {
  const other = hostNetworks().find(({ device, cidr }) => !ours(device) && overlap(cidr, network));
  if (!other) return;
  const where = `${other.cidr} of the host's device ${other.device}`;
  throw new Error(`The network ${network} overlaps ${where}: give the host group ${cure}`);
}

function gatewayIpv6(names: Names, bridge: string, plan: BridgePlan): string {
  const { gateway, prefix } = bridgedIpv6({ tag: names.tag, bridge }, plan.gateway, plan);
  return `${gateway}/${prefix}`;
}

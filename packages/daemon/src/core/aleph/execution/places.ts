/** Where in the node's address plan a new VM goes. Pure. */

import type { ExecutableContent } from "../message/content.ts";
import { vmTypeOf } from "../message/content.ts";
import type { ItemHash } from "../item-hash.ts";
import type { AlephSettings, NetworkSettings } from "../settings.ts";
import {
  type InstanceNetwork,
  ipv4Network,
  ipv6Network,
  ipv6NetworkAt,
  MAX_VM_ID,
  tapName,
} from "./address-plan.ts";
import { StartError } from "./start-error.ts";

/**
 * The lowest free place, or the one that the VM had before if nobody has taken that.
 * @param taken networks of VMs that run or are about to
 * @throws StartError when the pools have no place left
 */
export function placeFor(
  vmHash: ItemHash,
  content: ExecutableContent,
  taken: readonly InstanceNetwork[],
  { settings, before }: PlaceOptions,
): InstanceNetwork {
  const ids = new Set(taken.map(({ vmId }) => vmId));
  const first = settings.admission.startIdIndex;
  const vmId = before === undefined || ids.has(before) ? lowestFree(ids, first) : before;
  const { network } = settings;
  const ipv4 = ipv4Network(network.ipv4Pool, network.ipv4Prefix, vmId);
  const ipv6 = ipv6For(vmHash, content, vmId - first + 1, network);
  if (vmId >= MAX_VM_ID || !ipv4 || !ipv6) {
    throw new StartError("InsufficientResourcesError", "This node has no addresses left");
  }
  // Addresses follow from few digits of the hash: a hash can be looked for that has another VM's.
  if (taken.some((other) => other.ipv6.network === ipv6.network)) {
    throw new StartError("VmSetupError", `Another VM has the network ${ipv6.network}`);
  }
  const { internet } = content;
  return { vmId, tap: tapName(vmId), ipv4, ipv6, internet, dns: network.dns };
}

export interface PlaceOptions {
  readonly settings: Pick<AlephSettings, "admission" | "network">;
  /** the VM's number when it was here last */
  readonly before: number | undefined;
}

function ipv6For(
  vmHash: ItemHash,
  content: ExecutableContent,
  index: number,
  { ipv6Pool, ipv6Policy, ipv6Prefix }: NetworkSettings,
): InstanceNetwork["ipv6"] | undefined {
  if (ipv6Policy === "static") return ipv6Network(ipv6Pool, vmTypeOf(content), vmHash);
  return ipv6NetworkAt(ipv6Pool, ipv6Prefix, index);
}

function lowestFree(taken: ReadonlySet<number>, first: number): number {
  let id = first;
  while (taken.has(id)) id += 1;
  return id;
}

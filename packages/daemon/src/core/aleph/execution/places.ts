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
  { settings, before, isOthers }: PlaceOptions,
): InstanceNetwork {
  const ids = new Set(taken.map(({ vmId }) => vmId));
  const placeAt = (vmId: number) => placeOf(vmHash, content, vmId, settings);
  const isFree = (place: Place) => !ids.has(place.vmId) && !isOthers(place);
  const old = before === undefined ? undefined : placeAt(before);
  const place =
    old && isFree(old) ? old : lowestFree(settings.admission.startIdIndex, placeAt, isFree);
  if (!place) throw new StartError("InsufficientResourcesError", "This node has no addresses left");
  const { ipv6 } = place;
  // Addresses follow from few digits of the hash: a hash can be looked for that has another VM's.
  if (taken.some((other) => other.ipv6.network === ipv6.network)) {
    throw new StartError("VmSetupError", `Another VM has the network ${ipv6.network}`);
  }
  const { internet } = content;
  return { ...place, internet, dns: settings.network.dns };
}

export interface PlaceOptions {
  readonly settings: Pick<AlephSettings, "admission" | "network">;
  /** the VM's number when it was here last */
  readonly before: number | undefined;
  /** whether somebody else on this host is there: another daemon's VM, or a network of the host's */
  readonly isOthers: (place: Pick<Place, "tap" | "ipv4" | "ipv6">) => boolean;
}

type Place = Pick<InstanceNetwork, "vmId" | "tap" | "ipv4" | "ipv6">;

/** @returns `undefined` beyond the pools' end */
function placeOf(
  vmHash: ItemHash,
  content: ExecutableContent,
  vmId: number,
  { admission, network }: PlaceOptions["settings"],
): Place | undefined {
  const ipv4 = ipv4Network(network.ipv4Pool, network.ipv4Prefix, vmId);
  const ipv6 = ipv6For(vmHash, content, vmId - admission.startIdIndex + 1, network);
  if (vmId >= MAX_VM_ID || !ipv4 || !ipv6) return undefined;
  return { vmId, tap: tapName(vmId), ipv4, ipv6 };
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

function lowestFree(
  first: number,
  placeAt: (vmId: number) => Place | undefined,
  isFree: (place: Place) => boolean,
): Place | undefined {
  for (let vmId = first; ; vmId += 1) {
    const place = placeAt(vmId);
    if (!place || isFree(place)) return place;
  }
}

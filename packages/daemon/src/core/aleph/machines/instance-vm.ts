/** From an instance's order to a VM of the core. Pure. */

import type { HostGroup } from "../../group/host-group.ts";
import type { ResolvedImage } from "../../ports/image-store.ts";
import type { VmSpec } from "../../vm/vm.ts";
import type { InstanceDiskSet } from "../ports/instance-disks.ts";
import type { InstanceOrder } from "../ports/machine-room.ts";

/** name of the group of all instances: no configuration names it, it goes with each VM */
export const INSTANCE_GROUP = "aleph";

/** keys that our agent is told, as JSON: all of a guest's configuration goes in one frame. More are in the seed. */
const MAX_AGENT_KEY_BYTES = 48 * 1024;

export function specOf(
  order: InstanceOrder,
  { root, volumes }: InstanceDiskSet,
  image: ResolvedImage,
): VmSpec {
  const { vcpus, memoryMiB, confidential, gpus } = order;

  return {
    vcpus,
    memoryMiB,
    image: image.id,
    // What has partitions is grown by what is in it.
    diskBytes: root.boot === "kernel" ? root.sizeBytes : undefined,
    network: networkOf(order),
    tags: [],
    sshKeys: keysFor(order.sshKeys),
    userdata: undefined,
    secrets: [], // those of the host are its operator's
    root,
    volumes,
    ...(gpus.length > 0 ? { passthrough: gpus } : {}),
    ...(confidential ? { confidential: { ...confidential, plan: undefined } } : {}),
  };
}

export function groupOf(
  { vcpus, memoryMiB }: InstanceOrder,
  { network, image }: VmSpec,
): HostGroup {
  return {
    name: INSTANCE_GROUP,
    count: 0,
    vcpus,
    memoryMiB,
    image,
    diskBytes: undefined,
    network: network.settings,
    dns: network.dns,
    sshKeys: [],
    userdata: undefined,
    warmPool: { size: 0, refillPerSecond: 1, memoryBytes: 0 },
  };
}

function networkOf({ network: { tap, ipv4, ipv6, internet, dns } }: InstanceOrder) {
  return {
    settings: { mode: "routed", tap, ipv4, ipv6, internet },
    dns,
    override: undefined,
  } as const;
}

function keysFor(all: readonly string[]): readonly string[] {
  let bytes = 0;
  return all.filter((key) => {
    bytes += Buffer.byteLength(JSON.stringify(key)) + 1;
    return bytes <= MAX_AGENT_KEY_BYTES;
  });
}

/** From what a message says to what the machine room is asked for: every file found, nothing left to be looked up. */

import { hostLabelOf } from "../item-hash.ts";
import type { ExecutableContent, InstanceContent, Volume } from "../message/content.ts";
import type { InstanceOrder, VolumeOrder } from "../ports/machine-room.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { ConfidentialState, ExecutionRecord } from "./record.ts";
import { StartError } from "./start-error.ts";

type Files = Pick<MessageSource, "file">;

/**
 * Finds all files, fetching them if need be.
 * @throws StartError for what no machine can be made of; Refusal `not found` for a file that nobody has
 */
export async function machineOrder(
  record: ExecutionRecord,
  content: ExecutableContent,
  messages: Files,
  signal: AbortSignal,
): Promise<InstanceOrder> {
  const instance = mustBeInstance(content);
  const { ref } = instance.rootfs.parent;
  return {
    vmHash: record.vmHash,
    owner: instance.address,
    hostname: hostLabelOf(record.vmHash),
    vcpus: instance.resources.vcpus,
    memoryMiB: instance.resources.memoryMiB,
    sshKeys: instance.authorizedKeys,
    root: {
      parentPath: await messages.file(ref, signal),
      parentRef: ref,
      sizeMiB: instance.rootfs.sizeMiB,
    },
    volumes: await volumeOrders(instance, messages, signal),
    network: record.network,
    gpus: record.gpus.map(({ pciHost, supportsXVga }) => ({
      address: pciHost,
      isVga: supportsXVga,
    })),
    confidential: await confidentialOrder(record.confidential, messages, signal),
  };
}

/** @throws StartError for content that no machine can be made of here, before anything is done for it */
export function mustBeInstance(content: ExecutableContent): InstanceContent {
  if (content.kind !== "instance") {
    throw new StartError("VmSetupError", "This node runs instances, not programs");
  }
  const unsupported = content.volumes.find(isUnsupported);
  if (unsupported) {
    const words = "Only immutable volumes and persistent ones kept on the host are supported";
    throw new StartError("VmSetupError", words);
  }
  return content;
}

function isUnsupported(volume: Volume): boolean {
  if (volume.kind === "ephemeral") return true;
  return volume.kind === "persistent" && volume.persistence !== "host";
}

async function volumeOrders(
  { volumes }: InstanceContent,
  messages: Files,
  signal: AbortSignal,
): Promise<readonly VolumeOrder[]> {
  const orders: VolumeOrder[] = [];
  for (const volume of volumes) {
    if (volume.kind === "immutable") {
      const path = await messages.file(volume.file.ref, signal);
      orders.push({ kind: "read-only", path, mount: volume.mount });
    } else if (volume.kind === "persistent") {
      const { name, mount, sizeMiB, parent } = volume;
      const parentPath = parent && (await messages.file(parent.ref, signal));
      orders.push({ kind: "persistent", name, mount, sizeMiB, parentPath });
    }
  }
  return orders;
}

async function confidentialOrder(
  state: ConfidentialState | undefined,
  messages: Files,
  signal: AbortSignal,
): Promise<InstanceOrder["confidential"]> {
  if (!state) return undefined;
  if (state.firmware === undefined) {
    throw new StartError("VmSetupError", "A confidential instance needs a firmware");
  }
  return { policy: state.policy, firmwarePath: await messages.file(state.firmware, signal) };
}

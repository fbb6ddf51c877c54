/** From what a message says to what the machine room is asked for: every file found, nothing left to be looked up. */

import { hostLabelOf } from "../item-hash.ts";
import type {
  ExecutableContent,
  InstanceContent,
  ProgramContent,
  Volume,
} from "../message/content.ts";
import type { InstanceOrder, RootOrder, VolumeOrder } from "../ports/machine-room.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { ConfidentialState, ExecutionRecord } from "./record.ts";
import { StartError } from "./start-error.ts";

/** where programs have their code, as on all nodes of the network */
export const CODE_DIRECTORY = "/opt/code";

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
  mustBeRunnable(content);
  return {
    vmHash: record.vmHash,
    owner: content.address,
    hostname: hostLabelOf(record.vmHash),
    vcpus: content.resources.vcpus,
    memoryMiB: content.resources.memoryMiB,
    sshKeys: content.authorizedKeys,
    root: await rootOrder(content, messages, signal),
    volumes: [
      ...(content.kind === "program" ? await packedOrders(content, messages, signal) : []),
      ...(await volumeOrders(content, messages, signal)),
    ],
    network: record.network,
    gpus: record.gpus.map(({ pciHost, supportsXVga }) => ({
      address: pciHost,
      isVga: supportsXVga,
    })),
    confidential: await confidentialOrder(record.confidential, messages, signal),
  };
}

/** @throws StartError for a program */
export function mustBeInstance(content: ExecutableContent): InstanceContent {
  if (content.kind === "instance") return mustBeRunnable(content);
  throw new StartError("VmSetupError", "This is a program, not an instance");
}

/** @throws StartError for content that no machine can be made of here, before anything is done for it */
export function mustBeRunnable<T extends ExecutableContent>(content: T): T {
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

/** A program begins from its runtime each time. */
async function rootOrder(
  content: ExecutableContent,
  messages: Files,
  signal: AbortSignal,
): Promise<RootOrder> {
  if (content.kind === "instance") {
    const { parent, sizeMiB } = content.rootfs;
    return { parentPath: await messages.file(parent.ref, signal), parentRef: parent.ref, sizeMiB };
  }
  const { ref } = content.runtime;
  const parentPath = await messages.file(ref, signal);
  return { parentPath, parentRef: ref, sizeMiB: 0, fresh: true };
}

/** Code and data that come as a disk. */
async function packedOrders(
  { code, data }: ProgramContent,
  messages: Files,
  signal: AbortSignal,
): Promise<readonly VolumeOrder[]> {
  const orders: VolumeOrder[] = [];
  for (const { file, encoding, mount } of [
    { ...code, mount: CODE_DIRECTORY },
    ...(data ? [data] : []),
  ]) {
    if (encoding !== "squashfs") continue;
    orders.push({ kind: "read-only", path: await messages.file(file.ref, signal), mount });
  }
  return orders;
}

async function volumeOrders(
  { volumes }: ExecutableContent,
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

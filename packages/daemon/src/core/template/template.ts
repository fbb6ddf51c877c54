/** What a template is, as plain values. */

import { createHash } from "node:crypto";

import type { LayerId } from "../ids.ts";
import { INSIDE } from "../network/isolated-plan.ts";
import type { NetworkMode } from "../network/network.ts";
import { macAddress, userNetworkPlan } from "../network/user-network.ts";
import type { BootPlan, NetworkPlan } from "../ports/machine.ts";
import type { ResolvedImage } from "../ports/image-store.ts";
import { machinePlan } from "../vm/boot-plan.ts";

/** Everything that VMs must have in common to come from one template. */
export interface TemplateShape {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** size of the root disk, as the guest sees it, in bytes */
  readonly diskBytes: number;
  readonly network: TemplateNetwork;
}

/** What a guest sees of its network before it is told of one: `tap` is the device of all others. */
export type TemplateNetwork = "none" | "user" | "tap";

export interface Template {
  /** sixteen hexadecimal digits that follow from what is in it */
  readonly id: string;
  /** what VMs must have in common, in one word */
  readonly key: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly kernel: string;
  readonly shape: TemplateShape;
  /** its disk */
  readonly layer: LayerId;
  /** of the layer's file */
  readonly diskDigest: string;
  /** memory and devices on the disk, in bytes */
  readonly sizeBytes: number;
  readonly builtAt: Date;
}

export function templateNetwork(mode: NetworkMode): TemplateNetwork {
  return mode === "none" || mode === "user" ? mode : "tap";
}

/** place in the address plan of user-mode networks; none of its addresses is ever used */
const TEMPLATE_SLOT = 4_094;

/** The network of a template's own machine: the device that VMs will have, and nobody to speak to. */
export function idleNetwork(network: TemplateNetwork): NetworkPlan {
  if (network === "none") return { mode: "none" };
  if (network === "user") return userNetworkPlan(TEMPLATE_SLOT, macAddress("template"));
  return { mode: "detached", mac: INSIDE.mac };
}

/** A machine of this shape for comparing: it is nowhere. */
export function comparedPlan(shape: TemplateShape, image: ResolvedImage): BootPlan {
  const { vcpus, memoryMiB, network } = shape;
  const { path, format } = image.rootfs;
  const backing = { path, format, backing: undefined };
  const disk = { id: "root", path: "", format: "qcow2", readOnly: false, backing } as const;
  const machine = { vcpus, memoryMiB, image, disk, network: idleNetwork(network) };
  return { vmId: "", runDir: "", consoleLogPath: "", ...machinePlan(machine) };
}

/** @param machineKey what the driver says of the machine */
export function templateKey(
  machineKey: string,
  { diskBytes, network }: TemplateShape,
  { id, kernel }: ResolvedImage,
): string {
  const parts = [machineKey, id, kernel.id, diskBytes, network];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** @param digest of the machine's part */
export function templateId(digest: string, key: string, diskDigest: string): string {
  return createHash("sha256").update([digest, key, diskDigest].join()).digest("hex").slice(0, 16);
}

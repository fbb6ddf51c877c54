/** From a VM, its image and its network to what a driver needs. Pure: it looks at nothing. */

import { createHash } from "node:crypto";
import path from "node:path";

import type { DiskStore } from "../ports/disk-store.ts";
import type { GuestConfiguration } from "../ports/guest-link.ts";
import type { GuestNetwork } from "../ports/guest-network.ts";
import type { BootPlan, DiskPlan, NetworkPlan, Whereabouts } from "../ports/machine.ts";
import type { ResolvedImage } from "../ports/image-store.ts";
import type { VmId } from "../ids.ts";
import { ownMachine } from "./own-machine.ts";
import type { VmRecord } from "./vm.ts";

const MACHINE_ID_DIGITS = 32;

/** Follows from the VM alone: a machine is found again even if its image is gone. */
export function whereaboutsOf(
  record: { readonly id: string },
  files: DiskStore,
  runRoot: string,
): Whereabouts {
  return {
    vmId: record.id,
    runDir: path.join(runRoot, record.id),
    consoleLogPath: files.consoleLogPath(record.id),
  };
}

/** What is already known of a boot when it is planned. */
export interface BootParts {
  readonly image: ResolvedImage;
  readonly network: NetworkPlan;
  readonly files: DiskStore;
  /** directory below which every machine has its own */
  readonly runRoot: string;
}

export function bootPlanFor(record: VmRecord, parts: BootParts): BootPlan {
  const { image, network, files } = parts;
  const { vcpus, memoryMiB, root } = record.spec;
  if (root) {
    const kernel = image.kernel;
    const where = whereaboutsOf(record, files, parts.runRoot);
    return { ...where, ...ownMachine({ spec: record.spec, root, kernel, network }) };
  }
  const ground = { image: image.rootfs, layer: record.layer };
  const disk = files.rootDisk(record.id, ground);
  const where = whereaboutsOf(record, files, parts.runRoot);
  return { ...where, ...machinePlan({ vcpus, memoryMiB, image, disk, network }) };
}

export interface MachineParts {
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly image: ResolvedImage;
  /** its root disk */
  readonly disk: DiskPlan;
  readonly network: NetworkPlan;
}

/** A machine without the place where it runs. */
export function machinePlan(parts: MachineParts): Omit<BootPlan, keyof Whereabouts> {
  const { image, disk, ...rest } = parts;
  return {
    ...rest,
    kernel: {
      path: image.kernel.path,
      initramfsPath: image.kernel.initramfsPath,
      args: [...image.kernel.args, ...mountWords(image)],
    },
    disks: [disk],
  };
}

/**
 * What the guest deletes is given back to the host at once: `discard` costs little where disks are
 * files, and no guest of ours runs a timer that would do it later.
 */
function mountWords({ kernel, rootfs }: ResolvedImage): readonly string[] {
  const chosen = kernel.args.some((word) => word.startsWith("rootflags="));
  return rootfs.filesystem === "ext4" && !chosen ? ["rootflags=discard"] : [];
}

/** What the agent is told at first contact. */
export function guestConfigurationFor(
  record: VmRecord,
  fresh: {
    readonly network: GuestNetwork | undefined;
    readonly time: Date;
    readonly entropy: Uint8Array;
  },
): GuestConfiguration {
  const { spec, hostname } = record;
  return {
    hostname,
    machineId: machineIdOf(record.id),
    ...fresh,
    growRoot: spec.diskBytes !== undefined,
    sshKeys: spec.sshKeys,
    userdata: spec.userdata,
  };
}

/** Follows from the VM: the same for its whole life, and nobody else's. @returns 32 hexadecimal digits */
export function machineIdOf(id: VmId): string {
  const digest = createHash("sha256").update(`machine-id of VM ${id}`).digest("hex");
  return digest.slice(0, MACHINE_ID_DIGITS);
}

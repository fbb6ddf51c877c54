/** From a VM and its image to what a driver needs. Pure: it looks at nothing. */

import path from "node:path";

import { userGuestNetwork, userNetworkPlan } from "../network/user-network.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { GuestConfiguration } from "../ports/guest-link.ts";
import type { BootPlan, Whereabouts } from "../ports/hypervisor.ts";
import type { ResolvedImage } from "../ports/image-store.ts";
import type { VmRecord } from "./vm.ts";

/** Follows from the VM alone: a machine is found again even if its image is gone. */
export function whereaboutsOf(record: VmRecord, files: DiskStore, runRoot: string): Whereabouts {
  return {
    vmId: record.id,
    runDir: path.join(runRoot, record.id),
    consoleLogPath: files.consoleLogPath(record.id),
  };
}

export function bootPlanFor(
  record: VmRecord,
  image: ResolvedImage,
  files: DiskStore,
  runRoot: string,
): BootPlan {
  const { spec } = record;
  return {
    ...whereaboutsOf(record, files, runRoot),
    vcpus: spec.vcpus,
    memoryMiB: spec.memoryMiB,
    kernel: {
      path: image.kernel.path,
      initramfsPath: image.kernel.initramfsPath,
      args: image.kernel.args,
    },
    disks: [files.rootDisk(record.id, image.rootfs)],
    network:
      spec.networkMode === "user"
        ? userNetworkPlan(record.networkSlot, record.hostname)
        : { mode: "none" },
  };
}

/** What the agent is told at first contact. */
export function guestConfigurationFor(
  record: VmRecord,
  now: Date,
  entropy: Uint8Array,
): GuestConfiguration {
  const { spec, hostname, networkSlot } = record;
  return {
    hostname,
    network: spec.networkMode === "user" ? userGuestNetwork(networkSlot) : undefined,
    time: now,
    entropy,
    sshKeys: spec.sshKeys,
    userdata: spec.userdata,
  };
}

/** From a VM and its image to what a driver needs. Pure: it looks at nothing. */

import path from "node:path";

import { userGuestNetwork, userNetworkPlan } from "../network/user-network.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { GuestConfiguration } from "../ports/guest-link.ts";
import type { BootPlan } from "../ports/hypervisor.ts";
import type { ResolvedImage } from "../ports/image-store.ts";
import type { VmRecord } from "./vm.ts";

export function bootPlanFor(
  record: VmRecord,
  image: ResolvedImage,
  files: DiskStore,
  runRoot: string,
): BootPlan {
  const { spec } = record;
  return {
    vmId: record.id,
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
    runDir: path.join(runRoot, record.id),
    consoleLogPath: files.consoleLogPath(record.id),
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

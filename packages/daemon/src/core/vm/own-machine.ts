/** The machine of a VM whose disks are no image's. Pure. */

import type { ResolvedImage } from "../ports/image-store.ts";
import type { BootPlan, DiskPlan, NetworkPlan, Whereabouts } from "../ports/machine.ts";
import type { OwnRoot, VmSpec, VmVolume } from "./vm.ts";

export interface OwnMachineParts {
  readonly spec: VmSpec;
  readonly root: OwnRoot;
  /** what boots a disk that cannot do it by itself */
  readonly kernel: ResolvedImage["kernel"];
  readonly network: NetworkPlan;
}

/** The whole disk is one file system; what its guest deletes is given back to the host. */
const PLAIN_DISK = ["root=/dev/vda", "rw", "rootfstype=ext4", "rootflags=discard"];

/** @throws Error for a confidential one whose owner has brought no session */
export function ownMachine(parts: OwnMachineParts): Omit<BootPlan, keyof Whereabouts> {
  const { spec, root, kernel, network } = parts;
  const { vcpus, memoryMiB, volumes = [], passthrough = [], confidential } = spec;
  if (confidential && !confidential.plan)
    throw new Error("It is confidential, and its owner has brought no session yet");
  const { path, initramfsPath } = kernel;
  const byKernel = root.boot === "kernel" && !confidential && passthrough.length === 0;
  return {
    vcpus,
    memoryMiB,
    network,
    passthrough,
    confidential: confidential?.plan,
    kernel: byKernel ? { path, initramfsPath, args: PLAIN_DISK } : undefined,
    disks: [rootDisk(root), ...volumes.map(volumeDisk)],
  };
}

function rootDisk({ path, parent }: OwnRoot): DiskPlan {
  const backing = { ...parent, backing: undefined };
  return { id: "root", path, format: "qcow2", readOnly: false, backing };
}

function volumeDisk({ serial, path, format, readOnly, parent }: VmVolume): DiskPlan {
  const backing = parent && { ...parent, backing: undefined };
  return { id: serial, serial, path, format, readOnly, backing };
}

/** What guests with cloud-init are told of themselves. Pure. Source: the network's orchestrator. */

import { parseCidr } from "#lib/ipv4.ts";
import { parseCidr6 } from "#lib/ipv6.ts";

import type { VmVolume } from "../../vm/vm.ts";
import type { InstanceOrder } from "../ports/machine-room.ts";

/** The files of a NoCloud seed, by name. */
export interface SeedFiles {
  readonly "meta-data": string;
  readonly "network-config": string;
  readonly "user-data": string;
}

export function seedFiles(order: InstanceOrder, volumes: readonly VmVolume[]): SeedFiles {
  const { hostname, network } = order;
  return {
    "meta-data": json({
      "instance-id": `iid-instance-${network.vmId}`,
      "local-hostname": hostname,
    }),
    "network-config": json(networkConfig(order)),
    // JSON is YAML, too
    "user-data": `#cloud-config\n${json(userData(order, volumes))}`,
  };
}

function userData(order: InstanceOrder, volumes: readonly VmVolume[]) {
  const { hostname, sshKeys, confidential, gpus } = order;
  const mounts = volumes.flatMap(({ mount, serial, readOnly }) =>
    mount === undefined
      ? []
      : [
          [
            `/dev/disk/by-id/virtio-${serial}`,
            mount,
            "auto",
            readOnly ? "ro,nofail" : "defaults,nofail",
          ],
        ],
  );
  const agent = {
    packages: ["qemu-guest-agent"],
    runcmd: ["systemctl start qemu-guest-agent.service"],
  };
  return {
    hostname,
    disable_root: false,
    ssh_pwauth: false,
    ssh_authorized_keys: sshKeys,
    resize_rootfs: true,
    package_update: true,
    ...(confidential ? { bootcmd: GROW_ENCRYPTED } : agent),
    ...(gpus.length > 0 ? { bootcmd: PCI_FOR_GPUS } : {}),
    ...(mounts.length > 0 ? { mounts } : {}),
  };
}

/** The root of a confidential guest is encrypted by its owner, so nobody else can grow it. */
const GROW_ENCRYPTED = [
  "growpart /dev/vda 2 || true",
  "cryptsetup resize cr_root || true",
  "resize2fs /dev/mapper/cr_root || true",
];

/** Kernels have to be told to leave the addresses of a passed-through card alone. */
const PCI_FOR_GPUS = [
  `grep -q "pci=realloc=off" /etc/default/grub || (sed -i 's/^GRUB_CMDLINE_LINUX="/&pci=realloc=off pci=noaer /' /etc/default/grub && update-grub) || true`,
];

function networkConfig({ network: { ipv4, ipv6, dns } }: InstanceOrder) {
  return {
    version: 2,
    ethernets: {
      eth0: {
        match: { driver: "virtio_net" },
        addresses: [
          `${ipv4.guest}/${parseCidr(ipv4.network)?.prefix ?? 24}`,
          `${ipv6.guest}/${parseCidr6(ipv6.network)?.prefix ?? 124}`,
        ],
        gateway4: ipv4.host,
        gateway6: ipv6.host,
        nameservers: { addresses: dns },
      },
    },
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

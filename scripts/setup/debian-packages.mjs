/** What Alcove needs from Debian, with the reason for each: the one list, and what only its tests need beside that. */

export const DEBIAN_PACKAGES = [
  { name: "qemu-system-x86", reason: "the hypervisor" },
  { name: "qemu-utils", reason: "qemu-img: disks of VMs and images" },
  { name: "mmdebstrap", reason: "builds guest file systems from Debian packages" },
  { name: "e2fsprogs", reason: "mkfs.ext4 -d: makes disks without mounting them" },
  { name: "iproute2", reason: "ip: bridges, taps and namespaces of VMs" },
  { name: "nftables", reason: "says what guests may reach" },
  { name: "haproxy", reason: "leads domains to VMs, on hosts that serve some" },
  { name: "openssl", reason: "makes the certificate that HAProxy takes SSH in TLS with" },
  { name: "perl-base", reason: "opens a VM's tap for its QEMU" },
  { name: "kmod", reason: "depmod: which kernel module needs which" },
  { name: "ca-certificates", reason: "fetches packages over TLS" },
  { name: "gcc", reason: "links the guest agent" },
  { name: "libc6-dev", reason: "the static C library inside the guest agent" },
  { name: "openssh-client", reason: "keys for guests, and ssh beside exec in the benchmarks" },
];

export const DEBIAN_PACKAGES_FOR_TESTS = [
  { name: "python3-venv", reason: "a place for Aleph's Python client" },
  { name: "syslinux", reason: "makes a disk boot by itself, without being root" },
  { name: "mtools", reason: "writes to that disk's boot partition" },
  { name: "libssl-dev", reason: "sevctl is linked with it" },
  { name: "pkg-config", reason: "finds it" },
  { name: "ovmf", reason: "UEFI firmware for confidential guests" },
  { name: "grub-common", reason: "makes a guest that is its boot loader and no more" },
  { name: "grub-efi-amd64-bin", reason: "of these parts" },
  { name: "mtools", reason: "puts it onto a disk without mounting anything" },
  { name: "chromium", reason: "visits the web console as people do" },
  {
    name: "fonts-inter",
    reason: "the console's type, so that its pictures are the same everywhere",
  },
  { name: "fonts-jetbrains-mono", reason: "what its terminal is set in" },
];

/**
 * A command that starts with a tap open, so that it needs neither the right nor the file to open it.
 *
 * Attaching to a tap is an ioctl, which Node cannot do, on a file that only root may open where no udev
 * says otherwise. A few lines of Perl do it and become the command; perl-base is on every Debian.
 */

import type { TapToOpen } from "./network-options.ts";

/**
 * setns(2) or unshare(2) with CLONE_NEWNET where one is asked for, then TUNSETIFF with IFF_TAP | IFF_NO_PI |
 * IFF_VNET_HDR; below descriptor 1024 nothing closes at exec.
 */
const OPEN_TAP = `
$^F = 1023;
my ($call, $namespace, $device, $fd, @command) = @ARGV;
if ($namespace eq "fresh") {
  syscall($call + 0, 0x40000000) == 0 or die "cannot make a network namespace: $!\\n";
} elsif ($namespace ne "host") {
  open(my $place, "<", $namespace) or die "cannot open $namespace: $!\\n";
  syscall($call + 0, fileno($place), 0x40000000) == 0 or die "cannot enter $namespace: $!\\n";
}
open(my $tun, "+<", "/dev/net/tun") or die "cannot open /dev/net/tun: $!\\n";
fileno($tun) == $fd or die "the tap became descriptor ".fileno($tun).", not $fd\\n";
ioctl($tun, 0x400454ca, pack("Z16 s x22", $device, 0x5002)) or die "cannot attach to $device: $!\\n";
exec { $command[0] } @command or die "cannot run $command[0]: $!\\n";
`;

/** numbers of setns(2) and unshare(2) */
const CALLS: Readonly<Partial<Record<NodeJS.Architecture, { setns: number; unshare: number }>>> = {
  x64: { setns: 308, unshare: 272 },
  arm64: { setns: 268, unshare: 97 },
};

/** @param command program and arguments; everything up to it must be handed over as lower descriptors than the tap's */
export function withTap(tap: TapToOpen, command: readonly string[]): readonly string[] {
  const { device, fd } = tap;
  return ["perl", "-e", OPEN_TAP, "--", ...entering(tap.namespace), device, String(fd), ...command];
}

/** A fresh namespace goes with the last process in it, and the tap with its descriptor. */
function entering(namespace: TapToOpen["namespace"]): readonly [call: string, where: string] {
  if (namespace === "host") return ["0", namespace];
  const calls = CALLS[process.arch];
  if (!calls) throw new Error(`Network namespaces are not entered on ${process.arch} yet`);
  return namespace === "fresh"
    ? [String(calls.unshare), namespace]
    : [String(calls.setns), namespace.path];
}

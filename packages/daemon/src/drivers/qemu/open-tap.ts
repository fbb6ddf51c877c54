/**
 * A command that starts with a tap open, so that it needs neither the right nor the file to open it.
 *
 * Attaching to a tap is an ioctl, which Node cannot do, on a file that only root may open where no udev
 * says otherwise. A few lines of Perl do it and become the command; perl-base is on every Debian.
 */

import type { TapToOpen } from "./network-options.ts";

/** TUNSETIFF with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR; below descriptor 1024 nothing closes at exec. */
const OPEN_TAP = `
$^F = 1023;
my ($device, $fd, @command) = @ARGV;
open(my $tun, "+<", "/dev/net/tun") or die "cannot open /dev/net/tun: $!\\n";
fileno($tun) == $fd or die "the tap became descriptor ".fileno($tun).", not $fd\\n";
ioctl($tun, 0x400454ca, pack("Z16 s x22", $device, 0x5002)) or die "cannot attach to $device: $!\\n";
exec { $command[0] } @command or die "cannot run $command[0]: $!\\n";
`;

/** @param command program and arguments; everything up to it must be handed over as lower descriptors than the tap's */
export function withTap(tap: TapToOpen, command: readonly string[]): readonly string[] {
  const { device, namespace, fd } = tap;
  return [...entering(namespace), "perl", "-e", OPEN_TAP, "--", device, String(fd), ...command];
}

/** A fresh namespace goes with the last process in it, and the tap with its descriptor. */
function entering(namespace: TapToOpen["namespace"]): readonly string[] {
  if (namespace === "host") return [];
  return namespace === "fresh"
    ? ["unshare", "--net", "--"]
    : ["nsenter", `--net=${namespace.path}`, "--"];
}

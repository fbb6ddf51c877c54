/** Ethernet frames as a guest makes them up to be taken for somebody else on its wire. */

import { sh } from "./exec.ts";
import type { TestHost } from "./test-host.ts";

const ALL_NODES = "ff02::1";
const ALL_NODES_MAC = "333300000001";
const ICMPV6 = 58;
const DESTINATION_OPTIONS = 60;
/** six bytes of nothing, in eight */
const EMPTY_OPTIONS = Buffer.from([ICMPV6, 0, 1, 4, 0, 0, 0, 0]);

export interface Sender {
  readonly mac: string;
  /** the source address of the packet */
  readonly address: string;
}

/** Says to everybody that whoever looks for `target` finds it at the sender's MAC address. */
export function neighbourAdvertisement(sender: Sender, target: string): Buffer {
  const override = Buffer.from([136, 0, 0, 0, 0x20, 0, 0, 0]);
  const link = Buffer.concat([Buffer.from([2, 1]), hex(sender.mac)]);
  return frame(sender, Buffer.concat([override, bytesOf(target), link]), false);
}

/** Says to everybody that the sender is a router to the world; with `hidden`, behind another header. */
export function routerAdvertisement(sender: Sender, hidden = false): Buffer {
  return frame(sender, Buffer.from([134, 0, 0, 0, 64, 0, 7, 8, ...Buffer.alloc(8)]), hidden);
}

/** Sends a frame many times, whatever the guest's kernel thinks of it. */
export async function sendFrame(host: TestHost, vm: string, wire: Buffer, times: number) {
  const perl = `socket(my $s, 17, 3, 0) or die; my $i = do { open my $f, "<", "/sys/class/net/eth0/ifindex"; 0 + <$f> }; my $to = pack("SnlSCCx8", 17, 0x86dd, $i, 0, 0, 6); for (1 .. ${times}) { send($s, pack("H*", "${wire.toString("hex")}"), 0, $to) or die "$!" }`;
  await sh(host.api, vm, `perl -e '${perl}'`);
}

function frame(sender: Sender, message: Buffer, hidden: boolean): Buffer {
  const [from, to] = [bytesOf(sender.address), bytesOf(ALL_NODES)];
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  const counted = Buffer.concat([from, to, length, Buffer.from([0, 0, 0, ICMPV6]), message]);
  message.writeUInt16BE(checksum(counted), 2);
  const payload = hidden ? Buffer.concat([EMPTY_OPTIONS, message]) : message;
  const header = Buffer.from([
    0x60,
    0,
    0,
    0,
    0,
    payload.length,
    hidden ? DESTINATION_OPTIONS : ICMPV6,
    255,
  ]);
  const ethernet = [hex(ALL_NODES_MAC), hex(sender.mac), Buffer.from([0x86, 0xdd])];
  return Buffer.concat([...ethernet, header, from, to, payload]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function hex(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

function bytesOf(address: string): Buffer {
  const [left = "", right = ""] = address.split("::");
  const [head, tail] = [left, right].map((part) => part.split(":").filter(Boolean));
  const zeros = Array.from({ length: 8 - (head?.length ?? 0) - (tail?.length ?? 0) }, () => "0");
  const groups = [...(head ?? []), ...zeros, ...(tail ?? [])];
  return hex(groups.map((group) => group.padStart(4, "0")).join(""));
}

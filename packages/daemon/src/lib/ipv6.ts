/** IPv6 addresses and networks as numbers, so that they can be put together and compared. */

import { isIPv6 } from "node:net";

export interface Cidr6 {
  /** as written, not cut to the network */
  readonly address: bigint;
  /** length in bits */
  readonly prefix: number;
}

const BITS = 128;
const GROUPS = 8;

/** @returns the address as an unsigned 128-bit number, or `undefined` when the text is none, or names a device */
export function parseIpv6(text: string): bigint | undefined {
  const url = `http://[${text}]/`;
  if (!isIPv6(text) || !URL.canParse(url)) return undefined;
  const [left = "", right] = new URL(url).hostname.slice(1, -1).split("::");
  const [head, tail] = [left, right ?? ""].map((part) => part.split(":").filter(Boolean));
  if (!head || !tail) return undefined;
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => "0");
  const hex = [...head, ...zeros, ...tail].map((group) => group.padStart(4, "0")).join("");
  return BigInt(`0x${hex}`);
}

/** @returns the address as RFC 5952 has it */
export function formatIpv6(address: bigint): string {
  const groups = hexOfIpv6(address).match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** @returns all 32 digits */
export function hexOfIpv6(address: bigint): string {
  return address.toString(16).padStart(BITS / 4, "0");
}

/** @param text `fd00::1/64`; @returns `undefined` when it is no address with a prefix length */
export function parseCidr6(text: string): Cidr6 | undefined {
  const [, host = "", digits] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseIpv6(host);
  const prefix = Number(digits);
  return address === undefined || !(prefix <= BITS) ? undefined : { address, prefix };
}

/** @returns the network's CIDR with no bit set beyond its prefix */
export function cutCidr6(network: Cidr6): string {
  const hostBits = BigInt(BITS - network.prefix);
  return `${formatIpv6((network.address >> hostBits) << hostBits)}/${network.prefix}`;
}

/** whether all of `inner` is in `outer` */
export function contains6(outer: Cidr6, inner: Cidr6): boolean {
  const hostBits = BigInt(BITS - outer.prefix);
  return inner.prefix >= outer.prefix && inner.address >> hostBits === outer.address >> hostBits;
}

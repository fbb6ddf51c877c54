/** IPv4 addresses and networks as numbers, so that they can be compared and counted. */

import { isIPv4 } from "node:net";

export interface Cidr {
  /** as written, not cut to the network */
  readonly address: number;
  /** length in bits */
  readonly prefix: number;
}

/** @returns the address as an unsigned 32-bit number, or `undefined` when the text is none */
export function parseIpv4(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return text.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** @param text `10.1.2.3/24`; @returns `undefined` when it is no address with a prefix length */
export function parseCidr(text: string): Cidr | undefined {
  const [, host = "", digits] = /^([^/]*)\/(\d{1,2})$/.exec(text) ?? [];
  const address = parseIpv4(host);
  const prefix = Number(digits);
  return address === undefined || !(prefix <= 32) ? undefined : { address, prefix };
}

/** @returns the first and the last address of the network */
export function boundsOf({ address, prefix }: Cidr): readonly [first: number, last: number] {
  const size = 2 ** (32 - prefix);
  const first = address - (address % size);
  return [first, first + size - 1];
}

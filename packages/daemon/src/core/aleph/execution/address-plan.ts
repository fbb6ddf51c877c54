/** Addresses of Aleph's VMs: they follow from the VM's place and its hash. Pure. Source: the network's orchestrator. */

import { formatIpv4, parseCidr } from "#lib/ipv4.ts";
import { formatIpv6, parseCidr6, parseIpv6 } from "#lib/ipv6.ts";

import type { ItemHash } from "../item-hash.ts";
import type { VmType } from "../message/content.ts";

/** Both ends of a VM's own little networks. All addresses bare, networks in CIDR form. */
export interface InstanceNetwork {
  readonly vmId: number;
  /** name of the tap device */
  readonly tap: string;
  readonly ipv4: { readonly network: string; readonly host: string; readonly guest: string };
  readonly ipv6: { readonly network: string; readonly host: string; readonly guest: string };
  /** whether the guest may reach the world */
  readonly internet: boolean;
  /** name servers for the guest, bare; empty lets the network choose */
  readonly dns: readonly string[];
}

/** the largest number of a VM, and one more */
export const MAX_VM_ID = 65_025;

const TYPE_DIGIT: Record<VmType, string> = {
  microvm: "1",
  persistent_program: "2",
  instance: "3",
};

export function tapName(vmId: number): string {
  return `vmtap${vmId}`;
}

/** The n-th network of the pool. @param pool CIDR; @returns `undefined` beyond the pool's end */
export function ipv4Network(
  pool: string,
  prefix: number,
  vmId: number,
): InstanceNetwork["ipv4"] | undefined {
  const whole = parseCidr(pool);
  if (!whole || prefix < whole.prefix || prefix > 30) return undefined;
  const size = 2 ** (32 - prefix);
  const first = whole.address - (whole.address % 2 ** (32 - whole.prefix)) + vmId * size;
  if (vmId >= 2 ** (prefix - whole.prefix)) return undefined;
  return {
    network: `${formatIpv4(first)}/${prefix}`,
    host: formatIpv4(first + 1),
    guest: formatIpv4(first + 2),
  };
}

/**
 * The static plan: four groups of the pool, a digit for the VM's type, and eleven digits of its hash.
 * @param pool CIDR of a /56 or a /64
 */
export function ipv6Network(
  pool: string,
  type: VmType,
  hash: ItemHash,
): InstanceNetwork["ipv6"] | undefined {
  const base = parseIpv6(pool.split("/")[0] ?? "");
  if (base === undefined) return undefined;
  const low = `${TYPE_DIGIT[type].padStart(4, "0")}${hash.slice(0, 11)}0`;
  const network = ((base >> 64n) << 64n) | BigInt(`0x${low}`);
  return {
    network: `${formatIpv6(network)}/124`,
    host: formatIpv6(network),
    guest: formatIpv6(network + 1n),
  };
}

/**
 * The dynamic plan: successive networks of the pool, the first left out.
 * @param pool CIDR
 * @param index from 1 up; @returns `undefined` below that, and beyond the pool's end
 */
export function ipv6NetworkAt(
  pool: string,
  prefix: number,
  index: number,
): InstanceNetwork["ipv6"] | undefined {
  const whole = parseCidr6(pool);
  if (!whole || prefix < whole.prefix || prefix > 127) return undefined;
  if (index < 1) return undefined;
  if (BigInt(index) >= 1n << BigInt(prefix - whole.prefix)) return undefined;
  const poolBits = BigInt(128 - whole.prefix);
  const first = (whole.address >> poolBits) << poolBits;
  const network = first + (BigInt(index) << BigInt(128 - prefix));
  return {
    network: `${formatIpv6(network)}/${prefix}`,
    host: formatIpv6(network),
    guest: formatIpv6(network + 1n),
  };
}

/**
 * How what Alcove makes on the host is called. Everything carries the tag of the daemon that it belongs
 * to, which follows from its runtime directory: two daemons on a host leave each other's alone.
 */

import { createHash } from "node:crypto";

import { macAddress } from "#core/network/user-network.ts";

/** the devices inside a VM's own namespace */
export const TAP_INSIDE = "tap0";
export const UPLINK_INSIDE = "up0";

/** where ip(8) keeps namespaces by name */
export const NAMESPACES = "/run/netns";

const TAG_CHARS = 6;

/** what every mark of every daemon begins with */
const MARK = "alcove:";

/** Whether a device's alias says that it is some daemon's. */
export function isMark(alias: string): boolean {
  return alias.startsWith(MARK);
}

export class Names {
  /** six hexadecimal digits */
  readonly tag: string;

  /** @param owner what tells this daemon from others on the host: its runtime directory */
  constructor(owner: string) {
    this.tag = createHash("sha256").update(owner).digest("hex").slice(0, TAG_CHARS);
  }

  /** of the packet filter, in each family that has one */
  get table(): string {
    return `alcove_net_${this.tag}`;
  }

  /** fits the host's ends of all isolated VMs' links, and no other device */
  get linkPattern(): string {
    return `${this.#linkPrefix}*`;
  }

  isLink(device: string): boolean {
    return device.startsWith(this.#linkPrefix);
  }

  /** the host's end of an isolated VM's link */
  link(slot: number): string {
    return `${this.#linkPrefix}${slot}`;
  }

  tap(prefix: string | undefined, slot: number): string {
    return `${prefix ?? `alc${this.tag}t`}${slot}`;
  }

  bridge(configured: string | undefined, group: string): string {
    const digest = createHash("sha256").update(group).digest("hex").slice(0, 4);
    return configured ?? `alc${this.tag}b${digest}`;
  }

  /**
   * Of a bridge, or of a tap that the host routes to. Fixed, or a bridge would take on the address of whichever tap
   * came first.
   */
  hostMac(device: string): string {
    return macAddress(`${this.tag} ${device}`);
  }

  namespace(vmId: string): string {
    return `${this.#namespacePrefix}${vmId}`;
  }

  /** @returns the VM that a namespace belongs to; `undefined` when it is not ours */
  vmOfNamespace(namespace: string): string | undefined {
    const prefix = this.#namespacePrefix;
    return namespace.startsWith(prefix) ? namespace.slice(prefix.length) : undefined;
  }

  /** what is written on a device, as its alias: whose it is */
  mark(owner: string): string {
    return `${this.#markPrefix}${owner}`;
  }

  /** @returns the owner that a mark names; `undefined` when it is not one of ours */
  ownerOf(mark: string): string | undefined {
    return mark.startsWith(this.#markPrefix) ? mark.slice(this.#markPrefix.length) : undefined;
  }

  get #linkPrefix(): string {
    return `alc${this.tag}v`;
  }

  get #namespacePrefix(): string {
    return `alcove-${this.tag}-`;
  }

  get #markPrefix(): string {
    return `${MARK}${this.tag}:`;
  }
}

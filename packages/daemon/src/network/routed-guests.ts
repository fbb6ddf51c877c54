/** Which VMs the host routes to, and which of its ports are to lead to them. Every change can be taken back. */

import type { PortRedirect } from "#core/network/network.ts";

/** What the rules for one VM follow from. */
export interface RoutedGuest {
  /** the VM's id */
  readonly id: string;
  readonly tap: string;
  readonly mac: string;
  /** the guest's, bare */
  readonly address: string;
  /** `undefined` without IPv6 */
  readonly ipv6: RoutedIpv6 | undefined;
  /** whether it may reach the world, and be reached over IPv6 */
  readonly internet: boolean;
}

/** Bare addresses of a guest. */
export interface RoutedIpv6 {
  readonly address: string;
  /** by which it is known on its wire alone */
  readonly linkLocal: string;
}

/** A port that leads to an address, as the packet filter has it. */
export interface PortTarget extends PortRedirect {
  /** the guest's, bare IPv4 */
  readonly address: string;
}

/** Takes a change back. */
export type Undo = () => void;

export class RoutedGuests {
  readonly #guests = new Map<string, RoutedGuest>();
  /** by the VM's id; also of VMs that do not run */
  readonly #wanted = new Map<string, readonly PortRedirect[]>();

  all(): readonly RoutedGuest[] {
    return [...this.#guests.values()];
  }

  /** what leads to those that are here now */
  targets(): readonly PortTarget[] {
    return this.all().flatMap(({ id, address }) =>
      (this.#wanted.get(id) ?? []).map((redirect) => ({ ...redirect, address })),
    );
  }

  /** @throws Error when a port that was wanted for it has been given to another since */
  admit(guest: RoutedGuest): Undo {
    this.#mustNotClash(guest.id, this.#wanted.get(guest.id) ?? []);
    return changed(this.#guests, guest.id, guest);
  }

  /** @returns `undefined` when it was not here */
  forget(id: string): Undo | undefined {
    return this.#guests.has(id) ? changed(this.#guests, id, undefined) : undefined;
  }

  /**
   * @returns `undefined` when no rule changes by it, because the VM is not here
   * @throws Error when a port is there twice, or leads to another VM that is here
   */
  want(id: string, redirects: readonly PortRedirect[]): Undo | undefined {
    this.#mustNotClash(id, redirects);
    const undo = changed(this.#wanted, id, redirects.length === 0 ? undefined : redirects);
    return this.#guests.has(id) ? undo : undefined;
  }

  clear(): void {
    this.#guests.clear();
    this.#wanted.clear();
  }

  #mustNotClash(id: string, redirects: readonly PortRedirect[]): void {
    const others = this.all().filter((guest) => guest.id !== id);
    const taken = new Set(
      others.flatMap((guest) => this.#wanted.get(guest.id) ?? []).flatMap(keys),
    );
    for (const key of redirects.flatMap(keys)) {
      if (taken.has(key)) throw new Error(`Port ${key} of this host leads somewhere else already`);
      taken.add(key);
    }
  }
}

/** What one protocol and one port of the host are called together. */
function keys({ hostPort, tcp, udp }: PortRedirect): readonly string[] {
  return [...(tcp ? [`tcp/${hostPort}`] : []), ...(udp ? [`udp/${hostPort}`] : [])];
}

function changed<Value>(map: Map<string, Value>, key: string, value: Value | undefined): Undo {
  const before = map.get(key);
  const put = (it: Value | undefined) => {
    if (it === undefined) map.delete(key);
    else map.set(key, it);
  };
  put(value);
  return () => put(before);
}

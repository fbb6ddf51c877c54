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

/** What is to lead to whoever is behind a tap. */
interface Wanted {
  readonly redirects: readonly PortRedirect[];
  /** the VM that it was asked for; `undefined` while nobody is there yet */
  readonly id: string | undefined;
}

export class RoutedGuests {
  /** by the VM's id */
  readonly #guests = new Map<string, RoutedGuest>();
  /** by the tap; also of VMs that do not run */
  readonly #wanted = new Map<string, Wanted>();

  all(): readonly RoutedGuest[] {
    return [...this.#guests.values()];
  }

  /** what leads to those that are here now */
  targets(): readonly PortTarget[] {
    return this.all().flatMap(({ tap, address }) =>
      this.#redirectsOf(tap).map((redirect) => ({ ...redirect, address })),
    );
  }

  /** @throws Error when a port that was wanted for it has been given to another since */
  admit(guest: RoutedGuest): Undo {
    const { id, tap } = guest;
    const wanted = this.#wanted.get(tap);
    const isOfOther = wanted?.id !== undefined && wanted.id !== id;
    const redirects = isOfOther ? [] : (wanted?.redirects ?? []);
    this.#mustNotClash(tap, redirects);
    const undoWanted = this.#want(tap, { redirects, id });
    const undoGuest = changed(this.#guests, id, guest);
    return () => {
      undoGuest();
      undoWanted();
    };
  }

  /** @returns `undefined` when it was not here */
  forget(id: string): Undo | undefined {
    return this.#guests.has(id) ? changed(this.#guests, id, undefined) : undefined;
  }

  /**
   * @returns `undefined` when no rule changes by it, because nobody is behind the tap
   * @throws Error when a port is there twice, or leads to another VM that is here
   */
  want(tap: string, redirects: readonly PortRedirect[]): Undo | undefined {
    this.#mustNotClash(tap, redirects);
    const guest = this.all().find((it) => it.tap === tap);
    const undo = this.#want(tap, { redirects, id: guest?.id });
    return guest && undo;
  }

  clear(): void {
    this.#guests.clear();
    this.#wanted.clear();
  }

  #want(tap: string, wanted: Wanted): Undo {
    return changed(this.#wanted, tap, wanted.redirects.length === 0 ? undefined : wanted);
  }

  #redirectsOf(tap: string): readonly PortRedirect[] {
    return this.#wanted.get(tap)?.redirects ?? [];
  }

  #mustNotClash(tap: string, redirects: readonly PortRedirect[]): void {
    const others = this.all().filter((guest) => guest.tap !== tap);
    const taken = new Set(others.flatMap((guest) => this.#redirectsOf(guest.tap)).flatMap(keys));
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

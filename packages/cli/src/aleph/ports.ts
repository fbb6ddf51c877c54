/** Ports of a VM that the host's are mapped to, and an owner's wishes about them. */

import { InvalidArgumentError } from "commander";

import type { MappedPort } from "./executions.ts";

export interface PortWish {
  /** in the VM */
  readonly port: number;
  readonly tcp: boolean;
  readonly udp: boolean;
}

/** The body of an update, by the VM's port. */
export type PortWishes = Readonly<Record<string, { readonly tcp: boolean; readonly udp: boolean }>>;

/** `22→24000/tcp`: the VM's, the host's, and over what */
export function portText({ port, host, ...over }: MappedPort): string {
  return `${port}→${host}/${protocolsOf(over)}`;
}

export function protocolsOf({ tcp, udp }: Pick<PortWish, "tcp" | "udp">): string {
  if (tcp && udp) return "tcp+udp";
  if (tcp) return "tcp";
  return udp ? "udp" : "none";
}

/** `80`, `80/tcp`, `53/udp`, `53/tcp+udp`; a bare port is TCP's. @throws InvalidArgumentError */
export function parsePort(text: string): PortWish {
  const [, digits = "", over = "tcp"] = /^(\d{1,5})(?:\/(tcp|udp|tcp\+udp))?$/.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535)
    throw new InvalidArgumentError("Write a port as 80, 53/udp or 53/tcp+udp.");
  return { port, tcp: over.includes("tcp"), udp: over.includes("udp") };
}

/** @returns the complete list that is to hold: what is there, with what is opened and without what is closed */
export function wishesAfter(
  current: readonly PortWish[],
  opened: readonly PortWish[],
  closed: readonly PortWish[],
): PortWishes {
  const wishes = new Map(current.map((wish) => [wish.port, wish] as const));
  const at = (port: number): PortWish => wishes.get(port) ?? { port, tcp: false, udp: false };
  for (const { port, tcp, udp } of opened) {
    const known = at(port);
    wishes.set(port, { port, tcp: tcp || known.tcp, udp: udp || known.udp });
  }
  for (const { port, tcp, udp } of closed) {
    const known = at(port);
    wishes.set(port, { port, tcp: known.tcp && !tcp, udp: known.udp && !udp });
  }
  const left = [...wishes.values()].filter(({ tcp, udp }) => tcp || udp);
  return Object.fromEntries(left.map(({ port, tcp, udp }) => [port, { tcp, udp }] as const));
}

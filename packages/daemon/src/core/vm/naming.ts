/** Host names of VMs: the group's name, a dash and a number from 1. */

import type { HostGroup } from "../group/host-group.ts";

type Numbered = Pick<HostGroup, "name" | "count">;

/** The names of the VMs that the configuration declares; nobody else gets one of them. */
export function declaredHostnames({ name, count }: Numbered): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
}

/** @returns the name with the lowest number that is free and not declared */
export function nextHostname({ name, count }: Numbered, taken: ReadonlySet<string>): string {
  for (let number = count + 1; ; number += 1) {
    const hostname = `${name}-${number}`;
    if (!taken.has(hostname)) return hostname;
  }
}

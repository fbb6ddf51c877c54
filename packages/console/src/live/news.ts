/**
 * What events have said of VMs in the last minute. A list that was asked for before an event and comes after it does
 * not know of it: so what was told meanwhile is put over it.
 */

import type { VmAccount } from "./vm-account.ts";

const KEPT_MS = 60_000;

interface Told {
  readonly vm: VmAccount | null;
  /** as `performance.now()` has it */
  readonly at: number;
}

/** By host name, oldest first; bounded by its age, and by how many VMs change in that. */
const told = new Map<string, Told>();

export function noteNews(vms: ReadonlyMap<string, VmAccount | null>): void {
  const at = performance.now();
  for (const [hostname, vm] of vms) {
    told.delete(hostname);
    told.set(hostname, { vm, at });
  }
  for (const [hostname, news] of told) {
    if (news.at > at - KEPT_MS) return;
    told.delete(hostname);
  }
}

/** @param since as `performance.now()` had it when the list was asked for */
export function withNews(list: readonly VmAccount[], since: number): readonly VmAccount[] {
  const news = [...told].filter(([, { at }]) => at >= since);
  return mergedList(list, new Map(news.map(([hostname, { vm }]) => [hostname, vm])));
}

/** Those that are known stay where they are, new ones come last. */
export function mergedList(
  list: readonly VmAccount[],
  vms: ReadonlyMap<string, VmAccount | null>,
): readonly VmAccount[] {
  const left = new Map(vms);
  const merged = list.flatMap((known) => {
    const vm = left.get(known.hostname);
    if (vm === undefined) return [known];
    left.delete(known.hostname);
    return vm === null ? [] : [vm];
  });
  return [...merged, ...[...left.values()].filter((vm) => vm !== null)];
}

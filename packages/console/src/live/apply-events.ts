/** What an event means for what the page knows. */

import type { QueryClient, QueryKey } from "@tanstack/react-query";

import type { HostEvent } from "@alcove/sdk/browser/index.ts";

import { KEYS } from "../app/keys.ts";
import type { VmAccount } from "./vm-account.ts";
import { withSample } from "./host-samples.ts";
import { mergedList, noteNews } from "./news.ts";

type VmNews = Extract<HostEvent, { kind: "vm" }>["data"];
type ChangeNews = Extract<HostEvent, { kind: "changed" }>["data"];

/** events of all VMs that are kept in the page */
const MAX_EVENTS = 200;

/** Applies what came together, in its order. @returns whether any VM's phase has changed */
export function applyEvents(queries: QueryClient, events: readonly HostEvent[]): boolean {
  const vms = new Map<string, VmAccount | null>();
  const phases: VmNews[] = [];
  const changes: ChangeNews[] = [];
  for (const event of events) {
    if (event.kind === "vm") {
      phases.push(event.data);
      noteVm(vms, event.data);
    } else if (event.kind === "changed") {
      changes.push(event.data);
      const { name, vm } = event.data;
      if (name !== undefined && vm !== undefined) vms.set(name, vm);
    } else if (event.kind === "host") {
      queries.setQueryData(KEYS.hostMeters, withSample(event.data));
    }
  }
  applyVms(queries, vms);
  applyPhases(queries, phases);
  for (const { what, name, vm } of changes) {
    if (vm === undefined) refetch(queries, listOf(what, name));
  }
  return phases.length > 0;
}

/** A name may have gone to a new VM meanwhile: the end of an older one says nothing of that. */
function noteVm(vms: Map<string, VmAccount | null>, { hostname, vmId, vm }: VmNews): void {
  const known = vms.get(hostname);
  if (vm === null && known && known.id !== vmId) return;
  vms.set(hostname, vm);
}

function applyVms(queries: QueryClient, vms: ReadonlyMap<string, VmAccount | null>): void {
  if (vms.size === 0) return;
  noteNews(vms);
  queries.setQueryData<readonly VmAccount[]>(KEYS.vms, (list) => list && mergedList(list, vms));
  for (const [hostname, vm] of vms) {
    const key = KEYS.vm(hostname);
    if (vm) queries.setQueryData<VmAccount>(key, (known) => known && { ...known, ...vm });
    refetch(queries, key); // there is more to it than lists show
  }
}

function applyPhases(queries: QueryClient, phases: readonly VmNews[]): void {
  if (phases.length === 0) return;
  const newestFirst = phases.toReversed();
  queries.setQueryData<readonly object[]>(
    KEYS.events,
    (known) => known && [...newestFirst, ...known].slice(0, MAX_EVENTS),
  );
  for (const hostname of new Set(phases.map((event) => event.hostname)))
    refetch(queries, KEYS.vmEvents(hostname));
}

function listOf(what: ChangeNews["what"], name: string | undefined): QueryKey {
  if (what !== "vm") return KEYS[what];
  return name === undefined ? KEYS.vms : KEYS.vm(name);
}

/** At once where it is shown, and otherwise when it is shown next. */
function refetch(queries: QueryClient, queryKey: QueryKey): void {
  void queries.invalidateQueries({ queryKey });
}

/** VMs and their events in the API's own words. */

import type {
  HostSample as SampleWords,
  Origin,
  StreamChanged,
  StreamVm,
  VmEvent as EventWords,
  VmStart,
  VmSummary,
} from "@alcove/api";
import type { HostSample } from "#core/events/host-events.ts";
import type { VmEvent } from "#core/ports/vm-store.ts";
import type { StartTrace } from "#core/trace/start-trace.ts";
import { actionsOf } from "#core/vm/actions.ts";
import { reservedBytes, type VmMemory } from "#core/vm/memory-of.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { friendlyName } from "#core/vm/tags.ts";
import type { VmOrigin } from "#core/vm/vm.ts";
import { MIB } from "#lib/bytes.ts";

/** @param memory what it takes of the host; absent: nobody looked */
export function summaryOf(vm: VmSupervisor, memory?: VmMemory): VmSummary {
  const { record, phase, contact, stalled, powers } = vm;
  const { spec, state, kind } = record;
  const name = friendlyName(spec.tags);
  const isReady = contact?.current !== undefined;
  const facts = { phase, kind, isReady, isStalled: stalled !== undefined, powers };
  return {
    hostname: record.hostname,
    id: record.id,
    ...(name === undefined ? {} : { friendly_name: name }),
    group: record.group,
    kind,
    phase,
    since: state.since.toISOString(),
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    ready: isReady,
    ...(record.address === undefined ? {} : { ip: record.address }),
    vcpus: spec.vcpus,
    memory_bytes: spec.memoryMiB * MIB,
    image: spec.image,
    tags: [...spec.tags],
    persistent: kind !== "sandbox",
    created_at: record.createdAt.toISOString(),
    origin: originOf(record.origin),
    actions: [...actionsOf(facts)],
    memory: memoryWords(vm, memory),
  };
}

function originOf(origin: VmOrigin): Origin {
  const { how } = origin;
  if (how === "boot") return origin.why === undefined ? { how } : { how, why: origin.why };
  if (how === "template") return { how, template: origin.template };
  if (how === "fork") return { how, source: origin.source };
  return { how, commit: origin.commit };
}

function memoryWords(vm: VmSupervisor, memory: VmMemory | undefined): VmSummary["memory"] {
  const reserved = { reserved_bytes: reservedBytes(vm) };
  if (!memory?.use) return reserved;
  const { privateBytes, sharedBytes, proportionalBytes } = memory.use;
  return {
    ...reserved,
    private_bytes: privateBytes,
    shared_bytes: sharedBytes,
    proportional_bytes: proportionalBytes,
  };
}

export function startOf({ how, begunAt, isReady, totalMs, steps }: StartTrace): VmStart {
  return {
    ...(how === undefined ? {} : { how }),
    begun_at: begunAt.toISOString(),
    ready: isReady,
    total_ms: inMicroseconds(totalMs),
    steps: steps.map(({ name, ms }) => ({ name, ms: inMicroseconds(ms) })),
  };
}

/** The clock's last digits say nothing. */
function inMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

export function eventOf({ id, at, vmId, hostname, input, phase, reason }: VmEvent): EventWords {
  const event = { id, at: at.toISOString(), vm_id: vmId, hostname, input, phase };
  return reason === undefined ? event : { ...event, reason };
}

export function streamVmOf(event: VmEvent, vm: VmSupervisor | undefined): StreamVm {
  return { ...eventOf(event), vm: vm ? summaryOf(vm) : null };
}

export function changedVmOf(name: string, vm: VmSupervisor | undefined): StreamChanged {
  return { what: "vm", name, vm: vm ? summaryOf(vm) : null };
}

export function sampleOf(sample: HostSample): SampleWords {
  return {
    at: sample.at.getTime(),
    cpu: sample.cpu,
    memory_used: sample.memoryUsed,
    memory_total: sample.memoryTotal,
    disk_used: sample.diskUsed,
    disk_total: sample.diskTotal,
    net_in: sample.netIn,
    net_out: sample.netOut,
    load: sample.load,
  };
}

/** Executions in the words of the network's listings. Pure. */

import type { ExecutionRecord, ExecutionTimes, PortMapping } from "#core/aleph/execution/record.ts";
import type { ExecutionView } from "#core/aleph/execution/view.ts";

import { aware, naive } from "./python-text.ts";

/** first version: networks only */
export function listed({ record, awaitingConfidentialInit }: ExecutionView): object {
  const { network, vmType } = record;
  return {
    networking: { ipv4: network.ipv4.network, ipv6: network.ipv6.network },
    vm_type: vmType,
    awaiting_confidential_init: awaitingConfidentialInit,
  };
}

/** second version. @param hostIpv4 the host's address towards the world */
export function listedFully(
  { record, running, awaitingConfidentialInit }: ExecutionView,
  hostIpv4: string,
): object {
  const { network, vmType, ports, times } = record;
  return {
    networking: {
      ipv4_network: network.ipv4.network,
      host_ipv4: hostIpv4,
      ipv6_network: network.ipv6.network,
      ipv6_ip: network.ipv6.guest,
      ipv4_ip: network.ipv4.guest,
      mapped_ports: mappedPorts(ports),
    },
    status: timesOf(times, aware),
    running,
    awaiting_confidential_init: awaitingConfidentialInit,
    vm_type: vmType,
  };
}

/** everything, for the node's operator */
export function dumped({ record, content, running }: ExecutionView): object {
  const { message, network, original, ports, times, uuid, vmHash, vmId } = record;
  const resources = { vcpus: content.resources.vcpus, memory: content.resources.memoryMiB };
  return {
    is_running: running,
    uuid,
    vm_hash: vmHash,
    message: message.content,
    original: original.content,
    times: timesOf(times, aware),
    concurrent_runs: 0,
    persistent: record.persistent,
    mapped_ports: mappedPorts(ports),
    gpus: gpusOf(record),
    resources,
    vm: {
      vm_id: vmId,
      vm_hash: vmHash,
      enable_networking: true,
      hardware_resources: resources,
      tap_interface: {
        device: network.tap,
        ipv4: network.ipv4.network,
        ipv6: network.ipv6.network,
      },
    },
    record: recorded(record),
  };
}

/** A row of the history. What it ran and was published as are JSON inside of texts there. */
export function recorded(record: ExecutionRecord): object {
  const { message, network, original, ports, times, uuid, vmHash, vmId } = record;
  return {
    uuid,
    vm_hash: vmHash,
    vm_id: vmId,
    time_defined: naive(times.defined),
    time_prepared: orNull(times.prepared, naive),
    time_started: orNull(times.started, naive),
    time_stopping: orNull(times.stopping, naive),
    ...NOT_COUNTED,
    ...resourcesOf(message.content["resources"]),
    network_tap: network.tap,
    message: JSON.stringify(message.content),
    original_message: JSON.stringify(original.content),
    persistent: record.persistent,
    gpus: JSON.stringify(gpusOf(record)),
    mapped_ports: mappedPorts(ports),
  };
}

/** counted for programs only */
const NOT_COUNTED = {
  cpu_time_user: null,
  cpu_time_system: null,
  io_read_count: null,
  io_write_count: null,
  io_read_bytes: null,
  io_write_bytes: null,
};

/** as the message has them, or what stands for it */
function resourcesOf(resources: unknown): { readonly vcpus: unknown; readonly memory: unknown } {
  const asked = new Map<string, unknown>(Object.entries(Object(resources)));
  return { vcpus: asked.get("vcpus") ?? 1, memory: asked.get("memory") ?? 128 };
}

function gpusOf({ gpus }: ExecutionRecord): readonly object[] {
  return gpus.map(({ pciHost, supportsXVga }) => ({
    pci_host: pciHost,
    supports_x_vga: supportsXVga,
  }));
}

function mappedPorts(ports: readonly PortMapping[]): object {
  const entries = ports.map(({ vmPort, hostPort, tcp, udp }) => {
    return [String(vmPort), { host: hostPort, tcp, udp }] as const;
  });
  return Object.fromEntries(entries);
}

function timesOf(times: ExecutionTimes, written: (at: Date) => string): object {
  return {
    defined_at: written(times.defined),
    preparing_at: orNull(times.preparing, written),
    prepared_at: orNull(times.prepared, written),
    starting_at: orNull(times.starting, written),
    started_at: orNull(times.started, written),
    stopping_at: orNull(times.stopping, written),
    stopped_at: orNull(times.stopped, written),
  };
}

function orNull(at: Date | undefined, written: (at: Date) => string): string | null {
  return at === undefined ? null : written(at);
}

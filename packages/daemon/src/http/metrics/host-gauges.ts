/** How this host is doing, read once for all gauges when somebody asks. */

import { Gauge, type Registry } from "prom-client";

import { hostUse } from "#core/host/host-state.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { HostMeter, HostReading } from "#core/ports/host-meter.ts";
import type { Vms } from "#core/vm/vms.ts";

export interface HostSources {
  readonly meter: HostMeter;
  readonly facts: HostFacts;
  readonly vms: Vms;
}

/** @returns reads the host and sets the gauges */
export function hostGauges(registers: Registry[], sources: HostSources): () => Promise<void> {
  const { meter, facts, vms } = sources;
  const setReading = readingGauges(registers);
  const total = gauge(registers, "slicer_system_memory_total_bytes", "Memory of the host");
  const free = gauge(
    registers,
    "slicer_system_memory_available_bytes",
    "Memory of the host that programs could still have",
  );
  const setUse = useGauges(registers);
  return async () => {
    const [reading, memory, use] = await Promise.all([
      meter.read(),
      facts.memory(),
      hostUse(vms, facts),
    ]);
    setReading(reading);
    total.set(memory.totalBytes);
    free.set(memory.availableBytes);
    setUse(use);
  };
}

function readingGauges(registers: Registry[]): (reading: HostReading) => void {
  const loads = [1, 5, 15].map((minutes) =>
    gauge(registers, `slicer_system_load_avg_${minutes}`, `Load average over ${minutes} min`),
  );
  const files = gauge(registers, "slicer_system_open_files", "Open files of the whole host");
  const connections = gauge(
    registers,
    "slicer_system_open_connections",
    "Established TCP connections of the host",
  );
  const why = "since the adapter that leads out of the host came up; 0 where none does";
  const sent = gauge(registers, "slicer_system_egress_tx", `Bytes sent ${why}`);
  const received = gauge(registers, "slicer_system_egress_rx", `Bytes received ${why}`);
  const adapter = new Gauge({
    name: "alcove_host_egress_adapter",
    help: "1 for the adapter that leads out of the host",
    labelNames: ["adapter"],
    registers,
  });
  return ({ loadAverages, openFiles, openConnections, egress }) => {
    for (const [index, load] of loadAverages.entries()) loads[index]?.set(load);
    files.set(openFiles);
    connections.set(openConnections);
    sent.set(egress?.sentBytes ?? 0);
    received.set(egress?.receivedBytes ?? 0);
    adapter.reset();
    if (egress) adapter.set({ adapter: egress.adapter }, 1);
  };
}

function useGauges(registers: Registry[]): (use: Awaited<ReturnType<typeof hostUse>>) => void {
  const cpus = gauge(registers, "alcove_host_cpus", "CPUs of the host");
  const promisedCpus = gauge(registers, "alcove_host_cpus_promised", "vCPUs promised to VMs");
  const promised = gauge(
    registers,
    "alcove_host_memory_promised_bytes",
    "Memory promised to VMs, with what their hypervisor needs itself",
  );
  const disk = gauge(
    registers,
    "alcove_host_disk_total_bytes",
    "Size of the file system that holds the VMs' disks",
  );
  const free = gauge(
    registers,
    "alcove_host_disk_free_bytes",
    "Space left on the file system that holds the VMs' disks",
  );
  return (use) => {
    cpus.set(use.cpus.total);
    promisedCpus.set(use.cpus.promised);
    promised.set(use.memory.promised);
    disk.set(use.disk.total);
    free.set(use.disk.free);
  };
}

function gauge(registers: Registry[], name: string, help: string): Gauge {
  return new Gauge({ name, help, registers });
}

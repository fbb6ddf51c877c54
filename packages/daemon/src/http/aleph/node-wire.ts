/** Reports of the host in the network's words. Pure. */

import type { Capability, ReportedGpu, SystemUsage } from "#core/aleph/node/node-report.ts";

import { Float } from "./python-json.ts";
import { isoSecond } from "./python-text.ts";

export function usageWire(usage: SystemUsage): object {
  const { cpu, memory, disk, properties } = usage;
  const [load1, load5, load15] = cpu.loadAverage;
  return {
    cpu: {
      count: cpu.count,
      load_average: {
        load1: new Float(load1),
        load5: new Float(load5),
        load15: new Float(load15),
      },
      core_frequencies: { min: new Float(cpu.minMHz), max: new Float(cpu.maxMHz) },
    },
    mem: { total_kB: memory.totalKb, available_kB: memory.availableKb },
    disk: { total_kB: disk.totalKb, available_kB: disk.availableKb },
    period: {
      start_timestamp: isoSecond(usage.periodStart),
      duration_seconds: new Float(usage.periodS),
    },
    properties: {
      cpu: {
        architecture: properties.architecture,
        vendor: properties.vendor,
        features: properties.features,
      },
    },
    gpu: {
      devices: usage.gpus.map(gpuWire),
      available_devices: usage.availableGpus.map(gpuWire),
    },
    active: true,
  };
}

export function capabilityWire({ cpu, memory }: Capability): object {
  const { architecture, vendor, features, model, frequencyHz, count } = cpu;
  return {
    cpu: { architecture, vendor, features, model, frequency: frequencyHz, count },
    memory: {
      size: memory.sizeBytes,
      units: "bytes",
      type: memory.type,
      clock: memory.clockHz ?? null,
      clock_units: null,
    },
  };
}

/** How the node is set up: one of its numbers is real by its kind. */
export function statusConfigWire(config: Readonly<Record<string, unknown>>): object {
  const payment = new Map<string, unknown>(Object.entries(Object(config["payment"])));
  const interval = new Float(Number(payment.get("PAYMENT_MONITOR_INTERVAL")));
  payment.set("PAYMENT_MONITOR_INTERVAL", interval);
  return { ...config, payment: Object.fromEntries(payment) };
}

function gpuWire(gpu: ReportedGpu): object {
  return {
    vendor: gpu.vendor,
    model: gpu.model,
    device_name: gpu.deviceName,
    device_class: gpu.deviceClass,
    pci_host: gpu.pciHost,
    device_id: gpu.deviceId,
    compatible: gpu.compatible,
  };
}

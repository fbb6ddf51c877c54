/** A node of the Aleph network in our own API's words. Pure. */

import type {
  AlephCheck,
  AlephExecution,
  AlephExecutionDetails,
  AlephLogLine,
  AlephNode,
  AlephRun,
  AlephUsage,
} from "@alcove/api";
import type { ExecutionRecord, ExecutionTimes } from "#core/aleph/execution/record.ts";
import type { ExecutionView } from "#core/aleph/execution/view.ts";
import type { Capability, SystemUsage } from "#core/aleph/node/node-report.ts";
import type {
  CheckResult,
  ExecutionDetails,
  NodeFacts,
} from "#core/aleph/operator/operator-desk.ts";
import type { LogLine } from "#core/aleph/ports/run-logs.ts";
import { MIB } from "#lib/bytes.ts";

/** a kB is 1000 bytes, as the network counts */
const KB = 1000;

export function nodeWire(
  { settings, version, port, loginFile, known, running }: NodeFacts,
  operator: boolean,
): AlephNode {
  const { listen, domainName, extraDomains, offline, payment, confidential } = settings;
  return {
    on: true,
    address: listen.address,
    port,
    domain: domainName,
    extra_domains: [...extraDomains],
    version,
    offline,
    payment: payment.mode,
    confidential: confidential.backend,
    login_token: loginFile,
    operator,
    executions: { known, running },
  };
}

export function usageWire(usage: SystemUsage, { cpu }: Capability): AlephUsage {
  const free = new Set(usage.availableGpus.map(({ pciHost }) => pciHost));
  const { architecture, vendor, model, features, frequencyHz } = cpu;
  return {
    load: [...usage.cpu.loadAverage],
    memory: amount(usage.memory),
    disk: amount(usage.disk),
    cpu: {
      count: usage.cpu.count,
      architecture,
      vendor,
      model,
      features: [...features],
      frequency_hz: frequencyHz,
    },
    gpus: usage.gpus.map(({ model: name, pciHost }) => ({
      model: name,
      pci_host: pciHost,
      available: free.has(pciHost),
    })),
  };
}

function amount({ totalKb, availableKb }: SystemUsage["memory"]): AlephUsage["memory"] {
  return { total: totalKb * KB, available: availableKb * KB };
}

export function checkWire({ isWell, results }: CheckResult): AlephCheck {
  return { well: isWell, results: Object.entries(results).map(([what, ok]) => ({ what, ok })) };
}

/** @param hostIpv4 the host's address towards the world */
export function executionWire(view: ExecutionView, hostIpv4: string): AlephExecution {
  const { record, state, running, awaitingConfidentialInit } = view;
  const { ipv4, ipv6 } = record.network;
  return {
    hash: record.vmHash,
    type: record.vmType,
    state,
    running,
    awaiting_confidential_init: awaitingConfidentialInit,
    times: timesWire(record.times),
    network: {
      ipv4: ipv4.guest,
      ipv4_network: ipv4.network,
      ipv6: ipv6.guest,
      ipv6_network: ipv6.network,
      host_ipv4: hostIpv4,
    },
    ports: record.ports.map(({ vmPort, hostPort, tcp, udp }) => ({
      vm_port: vmPort,
      host_port: hostPort,
      tcp,
      udp,
    })),
    ...resourcesOf(record),
  };
}

export function detailsWire(
  { view, history, log, actions }: ExecutionDetails,
  hostIpv4: string,
): AlephExecutionDetails {
  const { record, content } = view;
  const { message, original, confidential } = record;
  const { type, chain } = content.payment;
  return {
    ...executionWire(view, hostIpv4),
    uuid: record.uuid,
    owner: content.address,
    sender: message.sender,
    persistent: record.persistent,
    payment: chain === undefined ? { type } : { type, chain },
    gpus: record.gpus.map(({ pciHost }) => pciHost),
    message: { ...message.content },
    original: { ...original.content },
    history: history.map(runWire),
    log: log.map(lineWire),
    actions: [...actions],
    ...(record.expiresAt && { expires_at: record.expiresAt.toISOString() }),
    ...(view.reason !== undefined && { reason: view.reason }),
    ...(record.task && { task: record.task.what }),
    ...(record.ended !== undefined && { ended: record.ended }),
    ...(confidential && { confidential: confidential.step }),
  };
}

function runWire(record: ExecutionRecord): AlephRun {
  const { uuid, times, ended } = record;
  const run = { uuid, times: timesWire(times), ...resourcesOf(record) };
  return ended === undefined ? run : { ...run, ended };
}

function lineWire({ at, stream, text }: LogLine): AlephLogLine {
  return { at: at.toISOString(), stream, text };
}

/** what stands for it where the message does not say: as in the network's lists */
const DEFAULT_VCPUS = 1;
const DEFAULT_MEMORY_MIB = 128;

function resourcesOf({ message }: ExecutionRecord): { vcpus: number; memory_bytes: number } {
  const asked = new Map<string, unknown>(Object.entries(Object(message.content["resources"])));
  const [vcpus, memory] = [asked.get("vcpus"), asked.get("memory")];
  return {
    vcpus: Number.isInteger(vcpus) ? Number(vcpus) : DEFAULT_VCPUS,
    memory_bytes: (Number.isInteger(memory) ? Number(memory) : DEFAULT_MEMORY_MIB) * MIB,
  };
}

function timesWire({ defined, ...later }: ExecutionTimes): AlephExecution["times"] {
  const reached = Object.entries<Date | undefined>(later).flatMap(([name, at]) =>
    at === undefined ? [] : [[name, at.toISOString()] as const],
  );
  return { defined: defined.toISOString(), ...Object.fromEntries(reached) };
}

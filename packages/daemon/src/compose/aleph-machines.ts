/** What runs on an Aleph node: executions, over the VMs of the one core. */

import { randomUUID } from "node:crypto";
import path from "node:path";

import type { Config } from "#config/config.ts";
import { VmConfidentialMachines } from "#core/aleph/confidential/confidential-machines.ts";
import { Executions } from "#core/aleph/execution/executions.ts";
import { collectRunLogs } from "#core/aleph/logs/collecting.ts";
import { VmMachineRoom } from "#core/aleph/machines/machine-room.ts";
import { VmProgramRoom } from "#core/aleph/machines/program-room.ts";
import type { ConfidentialBackend } from "#core/aleph/ports/confidential-backend.ts";
import type { NodeHardware } from "#core/aleph/ports/node-hardware.ts";
import type { ProgramRoom } from "#core/aleph/ports/program-room.ts";
import { ProgramCalls } from "#core/aleph/programs/program-calls.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";
import { hostFiles } from "#host/host-files.ts";
import { linuxFacts } from "#host/linux-facts.ts";
import { linuxHardware } from "#host/node-hardware.ts";
import { FileRunLogs, REBOOT_GRACE_MS } from "#host/run-logs.ts";
import type { Confidential } from "#http/aleph/parts.ts";
import { InstanceDiskFiles } from "#images/instance-disks.ts";
import { HostPorts } from "#network/host-ports.ts";

import type { AlephStore } from "./aleph-store.ts";
import type { Core } from "./core.ts";

const RESTART_PAUSE_MS = 2_000;

/** between looks at whether owners still pay for what they had started */
const PAYMENT_CHECK_MS = 60_000;

export interface MachineParts {
  readonly config: Config;
  readonly settings: AlephSettings;
  readonly core: Core;
  readonly store: AlephStore;
  readonly backend: ConfidentialBackend | undefined;
  readonly log: Log;
}

/** Disposing it ends no VM. */
export interface AlephMachines extends AsyncDisposable {
  readonly executions: Executions;
  readonly programs: ProgramCalls;
  readonly logs: FileRunLogs;
  readonly hardware: NodeHardware;
  readonly hostPorts: HostPorts;
  readonly confidential: Confidential | undefined;
}

export async function openMachines(
  parts: MachineParts,
  signal: AbortSignal,
): Promise<AlephMachines> {
  await using opened = new AsyncDisposableStack();
  const { settings, core, backend, log } = parts;
  const { vms } = core;
  const logs = opened.use(await openLogs(settings, log));
  opened.use(
    collectRunLogs({
      vms: { list: () => vms.all(), onChange: (listener) => vms.onChange(listener) },
      logs,
      consoleLogPath: (vmId) => core.disks.consoleLogPath(vmId),
    }),
  );
  const hardware = linuxHardware({ root: "/", facts: linuxFacts(settings.executionRoot) });
  const hostPorts = new HostPorts(settings.network);
  const room = new VmProgramRoom({ vms, files: hostFiles });
  const running = { ...parts, logs, hardware, hostPorts, programs: room };
  const executions = opened.use(openExecutions(running, signal));
  const { messages } = parts.store;
  const reuseMs = settings.programs.reuseTimeoutS * 1000;
  const programs = opened.use(new ProgramCalls({ executions, room, messages, reuseMs, log }));
  const machines = new VmConfidentialMachines(vms);
  const confidential = backend && { backend, machines };
  const all = opened.move();
  return {
    executions,
    programs,
    logs,
    hardware,
    hostPorts,
    confidential,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function openLogs({ executionRoot }: AlephSettings, log: Log): Promise<FileRunLogs> {
  const root = path.join(executionRoot, "logs");
  return FileRunLogs.open({ root, rebootGraceMs: REBOOT_GRACE_MS, log });
}

interface ExecutionParts extends MachineParts {
  readonly programs: ProgramRoom;
  readonly logs: FileRunLogs;
  readonly hardware: NodeHardware;
  readonly hostPorts: HostPorts;
}

function openExecutions(parts: ExecutionParts, signal: AbortSignal): Executions {
  const { config, settings, core, store, backend, log } = parts;
  const disks = new InstanceDiskFiles({ root: settings.executionRoot });
  const room = new VmMachineRoom({
    vms: core.vms,
    disks,
    redirects: core.redirects,
    confidential: backend,
    images: core.images,
    kernelImage: config.groups[0].image,
    log,
  });
  return Executions.open(
    {
      settings,
      room,
      programs: parts.programs,
      messages: store.messages,
      store: core.executionStore,
      hostPorts: parts.hostPorts,
      hostPlaces: parts.hostPorts,
      payments: store.payments,
      hardware: parts.hardware,
      diskBytes: (vmHash) => disks.usedBytes(vmHash),
      erased: (vmHash) => parts.logs.remove(vmHash),
      clock: systemClock,
      log,
      newUuid: randomUUID,
      restartPauseMs: RESTART_PAUSE_MS,
      paymentCheckMs: PAYMENT_CHECK_MS,
    },
    signal,
  );
}

/** Which process is a VM's QEMU, whoever started it. */

import path from "node:path";

import { processName } from "./argv.ts";
import { parseHandle } from "./handle.ts";
import { commandLineOf, isAlive, type ProcessId, processesIn } from "./processes.ts";

/**
 * @param workDir where that QEMU was started, without symbolic links
 * @param handle what was stored about it, tried first: a process may have left its directory
 */
export function findQemu(
  vmId: string,
  workDir: string,
  handle: string | undefined,
): ProcessId | undefined {
  const stored = handle === undefined ? undefined : parseHandle(handle);
  if (stored && isAlive(stored) && isQemuOf(stored.pid, vmId)) return stored;
  return processesIn((directory) => directory === workDir).find(({ pid }) => isQemuOf(pid, vmId));
}

export interface FoundQemu extends ProcessId {
  readonly vmId: string;
}

/** Every QEMU started below `runRoot`, a path without symbolic links. */
export function findAllQemus(runRoot: string): readonly FoundQemu[] {
  return processesIn((directory) => path.dirname(path.dirname(directory)) === runRoot)
    .map(({ pid, startTicks, directory }) => ({ pid, startTicks, vmId: vmIdOf(directory) }))
    .filter(({ pid, vmId }) => isQemuOf(pid, vmId));
}

function vmIdOf(workDir: string): string {
  return path.basename(path.dirname(workDir));
}

/** Nobody's shell that stands in the directory is taken for a machine: the command line must fit too. */
function isQemuOf(pid: number, vmId: string): boolean {
  return commandLineOf(pid).some((arg) => arg.startsWith(`guest=${processName(vmId)},`));
}

/** What is stored with a VM so that a later daemon finds its QEMU again. */

import type { ProcessId } from "./processes.ts";

export interface QemuHandle extends ProcessId {
  /** user the process runs as, or `undefined` when it is the daemon's own */
  readonly uid: number | undefined;
}

const VERSION = 1;

export function formatHandle(handle: QemuHandle): string {
  const { pid, startTicks, uid } = handle;
  return JSON.stringify({ v: VERSION, pid, startTicks, uid });
}

/** @returns `undefined` for what this version cannot read: the process is then looked for instead */
export function parseHandle(text: string): QemuHandle | undefined {
  const value = parsed(text);
  if (typeof value !== "object" || value === null || !("v" in value)) return undefined;
  if (value.v !== VERSION || !("pid" in value) || !("startTicks" in value)) return undefined;
  const { pid, startTicks } = value;
  const uid = "uid" in value ? value.uid : undefined;
  if (!isCount(pid) || !isCount(startTicks)) return undefined;
  return { pid, startTicks, uid: isCount(uid) ? uid : undefined };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a damaged handle is no handle
  }
}

/**
 * Finds and ends QEMU processes that may be another daemon's children.
 *
 * A process is known by its pid **and** its start time, because pids come back. Which VM a process
 * belongs to is read from its working directory, which the daemon chose when it started it: the
 * command line can be imitated, and says nothing about which daemon's run directory is meant.
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

import { pause } from "#lib/patience.ts";

export interface ProcessId {
  readonly pid: number;
  /** clock ticks from boot to the process's start, from /proc */
  readonly startTicks: number;
}

/** how often a process that is not our child is looked at, in `ms` */
const POLL_MS = 10;

const DELETED = " (deleted)";

/** @returns when the living process with that pid started, or `undefined` if there is none; a zombie does not live */
export function startTicksOf(pid: number): number | undefined {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  // The name, in parentheses, may hold anything; what follows is separated by spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  if (state === "Z" || state === "X") return undefined;
  const ticks = Number(fields[19]);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}

export function isAlive(process: ProcessId): boolean {
  return startTicksOf(process.pid) === process.startTicks;
}

/** @returns the process's working directory, also when that was removed since */
export function workingDirectoryOf(pid: number): string | undefined {
  try {
    const link = readlinkSync(`/proc/${pid}/cwd`);
    return link.endsWith(DELETED) ? link.slice(0, -DELETED.length) : link;
  } catch {
    return undefined; // gone, or not ours to look at
  }
}

/** @returns the user a process runs as */
export function userOf(pid: number): number | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(readProc(pid, "status") ?? "")?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** @returns the memory a process has now, in RAM and swapped out, in bytes; 0 when it is gone */
export function residentBytesOf(pid: number): number {
  const status = readProc(pid, "status") ?? "";
  const kib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
  return (kib("VmRSS") + kib("VmSwap")) * 1024;
}

/** @returns the arguments a process was started with; empty when it is gone */
export function commandLineOf(pid: number): readonly string[] {
  return (readProc(pid, "cmdline") ?? "").split("\0");
}

/** All living processes whose working directory `accepts`, with that directory. */
export function processesIn(
  accepts: (directory: string) => boolean,
): readonly (ProcessId & { readonly directory: string })[] {
  return livePids().flatMap((pid) => {
    const directory = workingDirectoryOf(pid);
    if (directory === undefined || !accepts(directory)) return [];
    const startTicks = startTicksOf(pid);
    return startTicks === undefined ? [] : [{ pid, startTicks, directory }];
  });
}

export function livePids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Resolves when the process is gone, looking again and again. */
export async function gone(process: ProcessId, signal: AbortSignal): Promise<void> {
  while (isAlive(process)) await pause(POLL_MS, signal);
}

/** Kills a process if it is still the one that is meant; too late is harmless. */
export function kill(target: ProcessId): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** how long the kernel may take to remove a killed process, in `ms`; its memory has to be freed */
const KILL_TIMEOUT_MS = 10_000;

/** Kills a process and waits until it is gone. Rejects when the kernel does not let go of it. */
export async function killAndWait(target: ProcessId): Promise<void> {
  kill(target);
  try {
    await gone(target, AbortSignal.timeout(KILL_TIMEOUT_MS));
  } catch (cause) {
    throw new Error(`Process ${target.pid} was killed but does not end`, { cause });
  }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return undefined; // no such process, or it went while it was looked at
  }
}

/**
 * The frequency of this host's time stamp counter.
 *
 * An emulated guest sees the host's counter and has no other clock to measure it by, so it has to be
 * told. The kernel knows it, but says it only in its log, which wraps around and may be unreadable;
 * then the agent's binary measures it.
 */

import { ProgramFailed, ProgramMissing, runText } from "#process/run.ts";

const MIN_KHZ = 100_000;
const MAX_KHZ = 20_000_000;

/** how long either way may take, in `ms`: on a host with much to do, a program is slow to begin */
const TIMEOUT_MS = 30_000;

const begun = new Map<string, Promise<number>>();

/** Begins what `hostTscKhz` then finds done: measuring takes a tenth of a second, in which the daemon is loaded. */
export function foreseeTscKhz(agentPath: string, signal: AbortSignal): void {
  const khz = askBoth(agentPath, signal);
  khz.catch(() => {}); // told to whoever needs it
  begun.set(agentPath, khz);
}

/**
 * @param agentPath the guest agent's binary, which also runs on the host
 * @returns kHz; rejects when neither the kernel's log nor the agent says it
 */
export async function hostTscKhz(agentPath: string, signal: AbortSignal): Promise<number> {
  return await (begun.get(agentPath) ?? askBoth(agentPath, signal));
}

/** At once, because a start waits for it; the kernel's word counts. */
async function askBoth(agentPath: string, signal: AbortSignal): Promise<number> {
  const known = new AbortController();
  const measuring = measured(agentPath, AbortSignal.any([signal, known.signal]));
  measuring.catch(() => {}); // the kernel knew it, or whoever asked is told below
  try {
    return tscKhzInLog(await kernelLog(signal)) ?? (await measuring);
  } finally {
    known.abort();
    await Promise.allSettled([measuring]);
  }
}

async function measured(agentPath: string, signal: AbortSignal): Promise<number> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const khz = Number(await runText({ file: agentPath, args: ["tsc-khz"] }, deadline));
  if (isPlausible(khz)) return khz;
  throw new Error(`The agent measured an impossible time stamp counter: ${khz} kHz`);
}

/** @returns kHz, of the last and so most exact calibration in the log */
export function tscKhzInLog(log: string): number | undefined {
  const refined = /tsc: Refined TSC clocksource calibration: (\d+(?:\.\d+)?) MHz/g;
  const detected = /tsc: Detected (\d+(?:\.\d+)?) MHz (?:TSC|processor)/g;
  for (const pattern of [refined, detected]) {
    const mhz = [...log.matchAll(pattern)].at(-1)?.[1];
    const khz = Math.round(Number(mhz) * 1000);
    if (isPlausible(khz)) return khz;
  }
  return undefined;
}

async function kernelLog(signal: AbortSignal): Promise<string> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await runText({ file: "dmesg", args: [], maxOutputBytes: MAX_LOG_BYTES }, deadline);
  } catch (error) {
    if (error instanceof ProgramFailed || error instanceof ProgramMissing) return "";
    throw error; // the caller left, or the kernel's log hangs
  }
}

/** the kernel's ring buffer can be made larger than this, but then the agent answers */
const MAX_LOG_BYTES = 16 * 1024 * 1024;

function isPlausible(khz: number): boolean {
  return Number.isInteger(khz) && khz >= MIN_KHZ && khz <= MAX_KHZ;
}

/**
 * Terminals that outlive who works at them: shells that the guest keeps, with the newest of what they
 * showed. Neither a client that leaves nor a daemon that restarts ends one; a fork has those of its source.
 */

import { KIB } from "#lib/bytes.ts";
import { within } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import type {
  BackgroundProgram,
  BackgroundStart,
  BackgroundTerminal,
} from "../ports/guest-background.ts";
import type { GuestLink, TerminalSize } from "../ports/guest-link.ts";
import type { GuestUser } from "../ports/guest-user.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { startInBackground } from "./background.ts";
import { agentOf } from "./guest-work.ts";
import { isTerminal, TERMINAL_NOTE } from "./terminal-note.ts";

/** what the guest keeps of what a terminal showed */
const RING_BYTES = 256 * KIB;
/** between hanging a terminal up, which lets a shell save its history, and killing what is left, in `ms` */
const HANG_UP_MS = 500;
/** how long a killed terminal may take to be gone: its output is read for 5 s at most, in `ms` */
const GONE_MS = 8_000;

export interface TerminalOrder {
  readonly size: TerminalSize;
  readonly user: GuestUser;
  /** `undefined`: the user's login shell */
  readonly shell: string | undefined;
  /** `undefined`: the user's home */
  readonly cwd: string | undefined;
}

export interface AttachedTerminal {
  readonly terminal: BackgroundTerminal;
  /** frames up to this one were there before: what follows is shown as it is written */
  readonly lastKept: number;
}

/** @throws AlcoveError `unsupported` where the guest's agent knows no such terminals */
export async function openTerminal(
  vm: VmSupervisor,
  { size, user, shell, cwd }: TerminalOrder,
  signal: AbortSignal,
): Promise<BackgroundStart> {
  await agentWithTerminals(vm, signal);
  const program = {
    program: { kind: "login", shell },
    env: [],
    cwd,
    user,
    stdin: true,
    stdout: true,
    stderr: true,
    pty: size,
  } as const;
  const keep = { ringBytes: RING_BYTES, note: TERMINAL_NOTE };
  return startInBackground(vm, { program, keep, blame: "shell" }, signal);
}

/** Oldest first; those whose shell has ended too, until they are removed. */
export async function terminalsOf(
  vm: VmSupervisor,
  signal: AbortSignal,
): Promise<readonly BackgroundProgram[]> {
  const { background } = await agentWithTerminals(vm, signal);
  return (await background.list(signal)).filter(isTerminal);
}

/** Follows one from the oldest that is kept. @param signal ends that; the terminal goes on */
export async function attachTerminal(
  vm: VmSupervisor,
  id: string,
  signal: AbortSignal,
): Promise<AttachedTerminal> {
  const { background } = await agentWithTerminals(vm, signal);
  const { nextId } = await terminalNamed(background, id, signal);
  return { terminal: await background.attach(id, 1, signal), lastKept: nextId - 1 };
}

/** Ends what runs in it, and forgets it; resolves when it is gone. */
export async function endTerminal(
  vm: VmSupervisor,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const { background } = await agentWithTerminals(vm, signal);
  const { end } = await terminalNamed(background, id, signal);
  if (!end && !(await endsAfter(background, { id, signal: "HUP", ms: HANG_UP_MS }, signal))) {
    await endsAfter(background, { id, signal: "KILL", ms: GONE_MS }, signal);
  }
  await background.reap(id, signal);
}

type Background = GuestLink["background"];

interface Ending {
  readonly id: string;
  /** without `SIG` */
  readonly signal: string;
  readonly ms: number;
}

/** @returns whether it had ended when the time was over */
async function endsAfter(
  background: Background,
  { id, signal: name, ms }: Ending,
  signal: AbortSignal,
): Promise<boolean> {
  await background.kill(id, { signal: name, graceMs: 0 }, signal);
  const inTime = within(ms, signal);
  try {
    await background.wait(id, inTime);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (inTime.aborted && error === inTime.reason) return false;
    throw error;
  }
}

async function terminalNamed(
  background: Background,
  id: string,
  signal: AbortSignal,
): Promise<BackgroundProgram> {
  const found = await background.find(id, signal);
  if (isTerminal(found)) return found;
  const message = `${id} is no terminal: it is a program in the background`;
  throw new AlcoveError("guest_refused", message, { reason: "not_found" });
}

async function agentWithTerminals(vm: VmSupervisor, signal: AbortSignal): Promise<GuestLink> {
  const agent = await agentOf(vm, signal);
  if (agent.agent.features.includes("terminals")) return agent;
  const { hostname } = vm.record;
  const message = `The agent in ${hostname} is older than this daemon and keeps no terminals: rebuild the VM's image, or use GET /vm/${hostname}/shell, which ends with its connection`;
  throw new AlcoveError("unsupported", message, { feature: "terminals" });
}

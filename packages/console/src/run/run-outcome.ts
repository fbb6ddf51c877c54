/** How a command ended, in words. */

import type { Tone } from "../ui/badge.tsx";

export interface Exit {
  readonly exitCode: number;
  /** name of the signal that ended it */
  readonly signal?: string;
  /** why it could not be started */
  readonly error?: string;
}

export interface Outcome {
  readonly tone: Tone;
  readonly words: string;
}

const CRASHES: ReadonlySet<string> = new Set(["SEGV", "ABRT", "BUS", "FPE", "ILL", "SYS", "TRAP"]);
/** As shells mean them. */
const CODES: Readonly<Record<number, string>> = {
  126: "not executable",
  127: "command not found",
};

export function outcomeOf({ exitCode, signal, error }: Exit): Outcome {
  if (signal !== undefined) return { tone: "bad", words: signalWords(signal.replace(/^SIG/, "")) };
  if (error !== undefined) return { tone: "bad", words: "could not be started" };
  if (exitCode === 0) return { tone: "good", words: "exit code 0" };
  const meaning = CODES[exitCode];
  const words = `exit code ${exitCode}${meaning === undefined ? "" : `: ${meaning}`}`;
  return { tone: "bad", words };
}

function signalWords(name: string): string {
  if (name === "KILL") return "killed (KILL)";
  return CRASHES.has(name) ? `crashed (${name})` : `ended by the signal ${name}`;
}

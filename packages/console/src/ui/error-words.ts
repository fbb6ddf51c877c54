/** What to say of an error. The daemon's own sentences say what was wrong; here is what to do about some of them. */

import {
  AlcoveApiError,
  AlcoveConnectionError,
  AlcoveTimeoutError,
} from "@alcove/sdk/browser/index.ts";

import { legible } from "./visible.ts";

export interface ErrorWords {
  /** one sentence, with its full stop */
  readonly what: string;
  readonly advice?: string;
}

/** By the daemon's error code. */
const ADVICE: Readonly<Record<string, string>> = {
  no_capacity: "Stop or suspend a VM that is not needed, or ask for less.",
  wrong_phase: "Its phase has changed meanwhile; what can be done now is on its page.",
  vm_not_found: "It may have been deleted meanwhile.",
  unauthenticated: "Sign in again.",
  image_in_use: "Delete the VMs that use it first.",
  commit_in_use: "Delete what stands on it first.",
  vm_protected: "The configuration file declares it: change the file to be rid of it.",
};

export function inWords(error: Error): ErrorWords {
  if (error instanceof AlcoveConnectionError)
    return {
      what: "The daemon does not answer.",
      advice:
        "If it has ended, start it again: this page goes on by itself, and VMs outlive a daemon that was killed.",
    };
  if (error instanceof AlcoveTimeoutError)
    return { what: sentence(error.message), advice: "It may go on all the same: look again." };
  if (error instanceof AlcoveApiError) {
    const advice = ADVICE[error.code ?? ""];
    return { what: sentence(error.message), ...(advice === undefined ? {} : { advice }) };
  }
  return { what: sentence(error.message) };
}

/** With a capital at its beginning and a full stop at its end; it may quote a guest. */
export function sentence(text: string): string {
  const trimmed = legible(text.trim());
  const [first = "", ...rest] = trimmed;
  const ended = /[.!?]$/.test(trimmed) ? "" : ".";
  return trimmed === ""
    ? "It failed without saying why."
    : first.toUpperCase() + rest.join("") + ended;
}

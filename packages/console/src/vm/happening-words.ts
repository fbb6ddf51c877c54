/** Events of a VM in words, and how long each phase took. */

import type { VmHappening } from "./vm-state.ts";

/** What was asked or reported, as people say it. */
const WORDS: Readonly<Record<string, string>> = {
  start: "Start was asked for",
  booted: "Its machine runs",
  pause: "Paused",
  resume: "Resumed",
  suspend: "Suspend was asked for",
  saved: "Its memory is on the disk",
  restore: "Restore was asked for",
  stop: "Shutdown was asked for",
  kill: "Ended at once",
  exited: "Its machine has ended",
  crashed: "Its machine broke down",
  lost: "Its machine was gone when a new daemon came",
  delete: "Deleted",
};

/** A machine that was ended on purpose also ends without a goodbye: only one that failed broke down. */
export function wordsOf({ input, phase }: Pick<VmHappening, "input" | "phase">): string {
  const word = input === "crashed" && phase !== "failed" ? "exited" : input;
  return WORDS[word] ?? word;
}

export interface Lasting {
  readonly event: VmHappening;
  /** how long the phase lasted that began with it, in ms; `undefined`: it lasts */
  readonly ms: number | undefined;
}

/** @param events newest first, of one VM */
export function withLengths(events: readonly VmHappening[]): readonly Lasting[] {
  return events.map((event, index) => {
    const next = events[index - 1];
    const isSame = next?.vmId === event.vmId;
    const ms = next && isSame ? Date.parse(next.at) - Date.parse(event.at) : undefined;
    return { event, ms };
  });
}

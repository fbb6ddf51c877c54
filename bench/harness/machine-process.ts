/** Which of a host's processes runs a VM. */

import { readFileSync } from "node:fs";

/** @param pids those that may be it */
export function machineOf(vmId: string, pids: readonly number[]): number | undefined {
  return pids.find((pid) => commandLineOf(pid).includes(`alcove-${vmId}`));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has just ended
  }
}

/** Which VMs are on their way to their first answer: what has time gives way to them. */

import type { VmSupervisor } from "./supervisor.ts";

export function isUnderWay({ phase, contact }: VmSupervisor): boolean {
  if (phase === "created" || phase === "starting" || phase === "restoring") return true;
  return phase === "running" && contact?.current === undefined && contact?.problem === undefined;
}

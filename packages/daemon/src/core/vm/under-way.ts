/** Which VMs are on their way to their first answer: what has time gives way to them. */

import type { VmSupervisor } from "./supervisor.ts";

/**
 * One whose disk boots by itself may have no agent: it is on its own as soon as it runs. And one with an owner is
 * started when he says so.
 */
export function isUnderWay({ phase, contact, record }: VmSupervisor): boolean {
  if (phase === "created") return record.owner === undefined;
  if (phase === "starting" || phase === "restoring") return true;
  if (record.spec.root?.boot === "firmware") return false;
  return phase === "running" && contact?.current === undefined && contact?.problem === undefined;
}

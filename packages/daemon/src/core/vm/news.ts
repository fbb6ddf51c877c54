/** What is told of VMs to whoever listens; nothing is remembered. */

import { Announcer } from "#lib/announcer.ts";

import type { StartTrace } from "../trace/start-trace.ts";
import type { VmSupervisor } from "./supervisor.ts";

export class VmNews {
  /** a VM whose phase has changed */
  readonly phases = new Announcer<VmSupervisor>();
  /** each start that has come to its end: the VM's agent is ready */
  readonly ready = new Announcer<StartTrace>();
  /** a VM that is new or gone, or of which something has changed that lists show: its tags, its agent, its disk's ground */
  readonly aside = new Announcer<VmSupervisor>();
}

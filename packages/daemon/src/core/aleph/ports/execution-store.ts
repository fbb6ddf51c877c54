/** Where executions are remembered, those that have ended, too. Every method is one transaction, durable when it returns. */

import type { ItemHash } from "../item-hash.ts";
import type { ExecutionRecord, OwnedPort, PortMapping } from "../execution/record.ts";

export interface ExecutionStore {
  /** newest first, also those that have ended; of the latter the oldest are forgotten once there are too many */
  all(): readonly ExecutionRecord[];
  /** @throws Error when the uuid is in use */
  insert(record: ExecutionRecord): void;
  save(record: ExecutionRecord): void;

  /** those in force, also of VMs that do not run and will have them again */
  portMappings(): readonly OwnedPort[];
  /** Replaces the mappings of one VM: those that are not named any more end. @throws Error when a host port is another VM's */
  savePortMappings(vmHash: ItemHash, mappings: readonly PortMapping[]): void;
}

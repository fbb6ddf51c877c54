/** Where executions are remembered, those that have ended, too. Every method is one transaction, durable when it returns. */

import type { ItemHash } from "../item-hash.ts";
import type { ExecutionRecord, PortMapping } from "../execution/record.ts";

export interface ExecutionStore {
  /** newest first, also those that have ended */
  all(): readonly ExecutionRecord[];
  /** @throws Error when the uuid is in use */
  insert(record: ExecutionRecord): void;
  save(record: ExecutionRecord): void;

  /** those in force */
  portMappings(): readonly PortMapping[];
  /** Replaces the mappings of one VM: those that are not named any more end. */
  savePortMappings(vmHash: ItemHash, mappings: readonly PortMapping[]): void;
}

/** The executions that are known on this node, one for each VM: those that are in, and those that were stopped. */

import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import { readExecutable } from "../message/parse.ts";
import { Execution, type ExecutionDeps } from "./execution.ts";
import type { Inmate } from "./intake.ts";
import type { ExecutionRecord } from "./record.ts";

export interface RegisterDeps extends ExecutionDeps {
  readonly log: Log;
}

export class Register {
  readonly #deps: RegisterDeps;
  readonly #known = new Map<ItemHash, Execution>();

  constructor(deps: RegisterDeps) {
    this.#deps = deps;
  }

  /** Takes up what is stored. A record that this version cannot read is left where it is. */
  load(): void {
    for (const record of knownAmong(this.#deps.store.all())) {
      try {
        const content = readExecutable(record.message.content);
        this.#known.set(record.vmHash, new Execution(record, content, this.#deps));
      } catch (error) {
        const { vmHash, uuid } = record;
        this.#deps.log.error("aleph.record_unreadable", { vmHash, uuid, error });
      }
    }
  }

  all(): readonly Execution[] {
    return [...this.#known.values()];
  }

  inmates(): readonly Execution[] {
    return this.all().filter(({ isIn }) => isIn);
  }

  /** those that have ended and had this place in the address plan */
  formerlyAt(vmId: number): readonly ItemHash[] {
    const ended = this.all().filter(({ isIn, record }) => !isIn && record.vmId === vmId);
    return ended.map(({ vmHash }) => vmHash);
  }

  find(vmHash: ItemHash): Execution | undefined {
    return this.#known.get(vmHash);
  }

  /** Stores a new execution, in place of the one that was known of this VM. */
  enrol({ record, content }: Inmate): Execution {
    this.#deps.store.insert(record);
    const execution = new Execution(record, content, this.#deps);
    this.#known.set(record.vmHash, execution);
    this.#deps.announce(record.vmHash);
    return execution;
  }

  /** Whether something of the VM may be on this host's disks from executions before this one. */
  wasKnownBefore({ vmHash, uuid }: ExecutionRecord): boolean {
    const others = this.#deps.store.all().filter((it) => it.vmHash === vmHash && it.uuid !== uuid);
    return hasTraces(others);
  }

  /** Its record stays in the store. */
  drop(vmHash: ItemHash): void {
    this.#known.delete(vmHash);
    this.#deps.announce(vmHash);
  }
}

/**
 * The newest record of every VM of which something may be on this host's disks.
 * @param records newest first
 */
function knownAmong(records: readonly ExecutionRecord[]): readonly ExecutionRecord[] {
  const byHash = Map.groupBy(records, ({ vmHash }) => vmHash);
  return [...byHash.values()].flatMap((ofOne) => {
    const [newest] = ofOne;
    return newest && hasTraces(ofOne) ? [newest] : [];
  });
}

/** Whether a VM was here since it was last erased: what failed before anything was made for it left nothing. */
function hasTraces(records: readonly ExecutionRecord[]): boolean {
  const newest = records.find(({ ended, times }) => ended !== "failed" || times.prepared);
  return newest !== undefined && newest.ended !== "erased";
}

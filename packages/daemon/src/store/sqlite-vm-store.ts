/** VMs and their history in SQLite. */

import { AlcoveError } from "#core/errors.ts";
import { parseVmId, type VmId } from "#core/ids.ts";
import type { Declaration, VmEvent, VmStore } from "#core/ports/vm-store.ts";
import { VM_PHASES } from "#core/vm/lifecycle.ts";
import type { SavedMemory, VmKind, VmRecord, VmSpec, VmState } from "#core/vm/vm.ts";

import { type Db, type Row, transaction, type Value } from "./db.ts";

/** Events kept; older ones go as new ones come. */
const MAX_EVENTS = 10_000;

export class SqliteVmStore implements VmStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  all(): readonly VmRecord[] {
    return this.#db
      .prepare("SELECT * FROM vm ORDER BY created_at_ms, hostname")
      .all()
      .map(recordFromRow);
  }

  insert(record: VmRecord): void {
    const insert = this.#db.prepare(
      `INSERT INTO vm (id, hostname, host_group, kind, spec_json, image_id, hypervisor, network_slot,
         address, created_at_ms, phase, phase_since_ms, reason, machine, saved_name, restore_at_start)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const { state, spec } = record;
    try {
      insert.run(
        record.id,
        record.hostname,
        record.group,
        record.kind,
        JSON.stringify(spec),
        record.imageId,
        record.hypervisor,
        record.networkSlot,
        record.address ?? null,
        record.createdAt.getTime(),
        ...stateColumns(state),
      );
    } catch (cause) {
      if (!(cause instanceof Error) || !cause.message.includes("UNIQUE")) throw cause;
      const name = record.hostname;
      throw new AlcoveError("name_taken", `${name} exists already`, { name }, { cause });
    }
  }

  saveState(id: VmId, state: VmState, event: VmEvent): void {
    transaction(this.#db, () => {
      const { changes } = this.#db
        .prepare(
          `UPDATE vm SET phase = ?, phase_since_ms = ?, reason = ?, machine = ?, saved_name = ?,
             restore_at_start = ? WHERE id = ?`,
        )
        .run(...stateColumns(state), id);
      if (changes !== 1) throw new Error(`invariant: no stored VM ${id} to change`);
      this.#append(event);
    });
  }

  saveTags(id: VmId, tags: readonly string[]): void {
    const { changes } = this.#db
      .prepare("UPDATE vm SET spec_json = json_set(spec_json, '$.tags', json(?)) WHERE id = ?")
      .run(JSON.stringify(tags), id);
    if (changes !== 1) throw new Error(`invariant: no stored VM ${id} to tag`);
  }

  saveDeclaration(id: VmId, { kind, spec }: Declaration): void {
    const { changes } = this.#db
      .prepare("UPDATE vm SET kind = ?, spec_json = ? WHERE id = ?")
      .run(kind, JSON.stringify(spec), id);
    if (changes !== 1) throw new Error(`invariant: no stored VM ${id} to declare`);
  }

  remove(id: VmId): void {
    this.#db.prepare("DELETE FROM vm WHERE id = ?").run(id);
  }

  events(limit: number): readonly VmEvent[] {
    return this.#db
      .prepare("SELECT * FROM vm_event ORDER BY id DESC LIMIT ?")
      .all(limit)
      .map(eventFromRow);
  }

  #append(event: VmEvent): void {
    const { lastInsertRowid } = this.#db
      .prepare(
        "INSERT INTO vm_event (vm_id, hostname, at_ms, input, phase, reason) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(
        event.vmId,
        event.hostname,
        event.at.getTime(),
        event.input,
        event.phase,
        event.reason ?? null,
      );
    this.#db
      .prepare("DELETE FROM vm_event WHERE id <= ?")
      .run(Number(lastInsertRowid) - MAX_EVENTS);
  }
}

/** in the order of the columns: phase, phase_since_ms, reason, machine, saved_name, restore_at_start */
function stateColumns({ phase, since, reason, machine, saved }: VmState): Value[] {
  const { name = null, restoreAtStart = false } = saved ?? {};
  const wakes = restoreAtStart ? 1 : 0;
  return [phase, since.getTime(), reason ?? null, machine ?? null, name, wakes];
}

function savedFromRow(row: Row): SavedMemory | undefined {
  const name = optionalText(row, "saved_name");
  return name === undefined
    ? undefined
    : { name, restoreAtStart: integer(row, "restore_at_start") === 1 };
}

const KINDS: readonly VmKind[] = ["service", "persistent", "sandbox"];

function recordFromRow(row: Row): VmRecord {
  return {
    id: parseVmId(text(row, "id")),
    hostname: text(row, "hostname"),
    group: text(row, "host_group"),
    kind: oneOf(row, "kind", KINDS),
    spec: specFromJson(text(row, "spec_json")),
    imageId: text(row, "image_id"),
    hypervisor: text(row, "hypervisor"),
    networkSlot: integer(row, "network_slot"),
    address: optionalText(row, "address"),
    createdAt: new Date(integer(row, "created_at_ms")),
    state: {
      phase: oneOf(row, "phase", VM_PHASES),
      since: new Date(integer(row, "phase_since_ms")),
      reason: optionalText(row, "reason"),
      machine: optionalText(row, "machine"),
      saved: savedFromRow(row),
    },
  };
}

/** Written by `insert` from a checked spec; a new field comes with a migration. */
function specFromJson(json: string): VmSpec {
  const spec: VmSpec = JSON.parse(json);
  const { network, userdata, diskBytes } = spec;
  return { ...spec, userdata, diskBytes, network: { ...network, override: network.override } };
}

function eventFromRow(row: Row): VmEvent {
  return {
    vmId: parseVmId(text(row, "vm_id")),
    hostname: text(row, "hostname"),
    at: new Date(integer(row, "at_ms")),
    input: text(row, "input"),
    phase: text(row, "phase"),
    reason: optionalText(row, "reason"),
  };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new Error(`The database is damaged: column ${column} holds no text`);
}

function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw new Error(`The database is damaged: column ${column} holds no number`);
}

function oneOf<T extends string>(row: Row, column: string, allowed: readonly T[]): T {
  const value = text(row, column);
  const known = allowed.find((it) => it === value);
  if (known !== undefined) return known;
  throw new Error(
    `The database holds the ${column} "${value}", which this version of Alcove does not know`,
  );
}

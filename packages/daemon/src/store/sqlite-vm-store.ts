/** VMs and their history in SQLite. */

import { AlcoveError } from "#core/errors.ts";
import { type LayerId, parseLayerId, parseVmId, type VmId } from "#core/ids.ts";
import type { GuestReceipt } from "#core/ports/guest-identity.ts";
import type { Declaration, NewVmEvent, VmEvent, VmStore } from "#core/ports/vm-store.ts";
import type { VmOrigin, VmRecord, VmState } from "#core/vm/vm.ts";

import { integer, optionalText, text } from "./columns.ts";
import { type Db, type Row, transaction } from "./db.ts";
import { receiptToJson, recordFromRow, stateColumns } from "./vm-row.ts";

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
         mac, address, layer, origin_json, receipt_json, created_at_ms, phase, phase_since_ms, reason, machine,
         saved_name, restore_at_start, owner)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const { state, spec, receipt } = record;
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
        record.mac,
        record.address ?? null,
        record.layer ?? null,
        JSON.stringify(record.origin),
        receipt ? receiptToJson(receipt) : null,
        record.createdAt.getTime(),
        ...stateColumns(state),
        record.owner ?? null,
      );
    } catch (cause) {
      if (!(cause instanceof Error) || !cause.message.includes("UNIQUE")) throw cause;
      const name = record.hostname;
      throw new AlcoveError("name_taken", `${name} exists already`, { name }, { cause });
    }
  }

  saveState(id: VmId, state: VmState, event: NewVmEvent): void {
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

  saveGround(id: VmId, layer: LayerId | undefined, origin: VmOrigin): void {
    const { changes } = this.#db
      .prepare("UPDATE vm SET layer = ?, origin_json = ? WHERE id = ?")
      .run(layer ?? null, JSON.stringify(origin), id);
    if (changes !== 1) throw new Error(`invariant: no stored VM ${id} to put on another layer`);
  }

  saveReceipt(id: VmId, receipt: GuestReceipt): void {
    const { changes } = this.#db
      .prepare("UPDATE vm SET receipt_json = ? WHERE id = ?")
      .run(receiptToJson(receipt), id);
    if (changes !== 1) throw new Error(`invariant: no stored VM ${id} that has a receipt`);
  }

  layers(): readonly LayerId[] {
    return this.#db
      .prepare("SELECT DISTINCT layer FROM vm WHERE layer IS NOT NULL")
      .all()
      .map((row) => parseLayerId(text(row, "layer")));
  }

  remove(id: VmId): void {
    this.#db.prepare("DELETE FROM vm WHERE id = ?").run(id);
  }

  events(limit: number): readonly VmEvent[] {
    return this.#db
      .prepare("SELECT * FROM vm_event WHERE owner IS NULL ORDER BY id DESC LIMIT ?")
      .all(limit)
      .map(eventFromRow);
  }

  eventsAfter(id: number, limit: number): readonly VmEvent[] {
    return this.#db
      .prepare("SELECT * FROM vm_event WHERE id > ? AND owner IS NULL ORDER BY id LIMIT ?")
      .all(id, limit)
      .map(eventFromRow);
  }

  eventsOf(vmId: VmId, limit: number, before: number): readonly VmEvent[] {
    return this.#db
      .prepare(
        `SELECT * FROM vm_event WHERE vm_id = ? AND id < ? AND owner IS NULL
           ORDER BY id DESC LIMIT ?`,
      )
      .all(vmId, before, limit)
      .map(eventFromRow);
  }

  eventIds(): { readonly oldest: number; readonly newest: number } {
    const row = this.#db
      .prepare(
        `SELECT coalesce((SELECT min(id) FROM vm_event), 0) AS oldest,
           coalesce((SELECT max(id) FROM vm_event), 0) AS newest`,
      )
      .get();
    if (!row) throw new Error("invariant: a query without a table has one row");
    return { oldest: integer(row, "oldest"), newest: integer(row, "newest") };
  }

  #append(event: NewVmEvent): void {
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO vm_event (owner, vm_id, hostname, at_ms, input, phase, reason)
           VALUES ((SELECT owner FROM vm WHERE id = ?), ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        event.vmId,
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

function eventFromRow(row: Row): VmEvent {
  return {
    id: integer(row, "id"),
    vmId: parseVmId(text(row, "vm_id")),
    hostname: text(row, "hostname"),
    at: new Date(integer(row, "at_ms")),
    input: text(row, "input"),
    phase: text(row, "phase"),
    reason: optionalText(row, "reason"),
  };
}

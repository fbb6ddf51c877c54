/** VMs and their history in SQLite. */

import { AlcoveError } from "#core/errors.ts";
import { type LayerId, parseLayerId, parseVmId, type VmId } from "#core/ids.ts";
import { macAddress } from "#core/network/user-network.ts";
import type { GuestReceipt } from "#core/ports/guest-identity.ts";
import type { Declaration, VmEvent, VmStore } from "#core/ports/vm-store.ts";
import { VM_PHASES } from "#core/vm/lifecycle.ts";
import type { SavedMemory, VmKind, VmOrigin, VmRecord, VmState } from "#core/vm/vm.ts";

import { integer, oneOf, optionalText, text } from "./columns.ts";
import { type Db, type Row, transaction, type Value } from "./db.ts";
import { specFromJson } from "./spec-column.ts";

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
         saved_name, restore_at_start)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    mac: optionalText(row, "mac") ?? macAddress(text(row, "hostname")),
    address: optionalText(row, "address"),
    layer: layerFromRow(row),
    origin: originFromJson(text(row, "origin_json")),
    receipt: receiptFromJson(optionalText(row, "receipt_json")),
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

function layerFromRow(row: Row): LayerId | undefined {
  const layer = optionalText(row, "layer");
  return layer === undefined ? undefined : parseLayerId(layer);
}

/** Written by `insert` and `saveGround`. */
function originFromJson(json: string): VmOrigin {
  const origin: VmOrigin = JSON.parse(json);
  return origin.how === "boot" ? { ...origin, why: origin.why } : origin;
}

/** JSON knows no integers of 64 bits. */
function receiptToJson(receipt: GuestReceipt): string {
  return JSON.stringify({ ...receipt, clockStepNs: receipt.clockStepNs.toString() });
}

function receiptFromJson(json: string | undefined): GuestReceipt | undefined {
  if (json === undefined) return undefined;
  const stored: Omit<GuestReceipt, "clockStepNs"> & { clockStepNs: string } = JSON.parse(json);
  const { mac, address } = stored;
  return { ...stored, mac, address, clockStepNs: BigInt(stored.clockStepNs) };
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

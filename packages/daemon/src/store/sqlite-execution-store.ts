/** Executions of messages, their history, and the ports that lead to them, in SQLite. */

import type { ExecutionRecord, OwnedPort, PortMapping } from "#core/aleph/execution/record.ts";
import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { ExecutionStore } from "#core/aleph/ports/execution-store.ts";

import { integer } from "./columns.ts";
import { type Db, type Row, transaction } from "./db.ts";
import {
  CHANGING_COLUMNS,
  changingColumns,
  executionFromRow,
  FIXED_COLUMNS,
  fixedColumns,
  hash,
} from "./execution-row.ts";

/** executions that have ended and are not the last of a VM that may still be on the disks; older ones go as new ones come */
const MAX_ENDED = 2_000;

/** mappings that have ended; older ones go as new ones come */
const MAX_ENDED_MAPPINGS = 10_000;

const NOW_MS = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** an execution that never came to have disks says nothing about those */
const LEFT_TRACES = "NOT (ended IS 'failed' AND prepared_at_ms IS NULL)";

export class SqliteExecutionStore implements ExecutionStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  all(): readonly ExecutionRecord[] {
    return this.#db
      .prepare("SELECT * FROM aleph_execution ORDER BY id DESC")
      .all()
      .map(executionFromRow);
  }

  insert(record: ExecutionRecord): void {
    const columns = [...FIXED_COLUMNS, ...CHANGING_COLUMNS];
    const marks = columns.map(() => "?").join(", ");
    const insert = `INSERT INTO aleph_execution (${columns.join(", ")}) VALUES (${marks})`;
    transaction(this.#db, () => {
      this.#db.prepare(insert).run(...fixedColumns(record), ...changingColumns(record));
      this.#forgetOldest();
    });
  }

  save(record: ExecutionRecord): void {
    const changes = CHANGING_COLUMNS.map((column) => `${column} = ?`).join(", ");
    const update = `UPDATE aleph_execution SET ${changes} WHERE uuid = ?`;
    transaction(this.#db, () => {
      const { changes: changed } = this.#db
        .prepare(update)
        .run(...changingColumns(record), record.uuid);
      if (changed !== 1) throw new Error(`invariant: no stored execution ${record.uuid} to change`);
    });
  }

  portMappings(): readonly OwnedPort[] {
    return this.#db
      .prepare("SELECT * FROM aleph_port_mapping WHERE deleted_at_ms IS NULL ORDER BY id")
      .all()
      .map(ownedPortFromRow);
  }

  savePortMappings(vmHash: ItemHash, mappings: readonly PortMapping[]): void {
    transaction(this.#db, () => {
      const current = this.portMappings().filter((it) => it.vmHash === vmHash);
      // Those that end make their host ports free for those that begin.
      for (const mapping of current) {
        if (!mappings.some((it) => isSame(it, mapping))) this.#endMapping(mapping.hostPort);
      }
      for (const mapping of mappings) {
        if (!current.some((it) => isSame(it, mapping))) this.#beginMapping(vmHash, mapping);
      }
      this.#forgetOldestMappings();
    });
  }

  #endMapping(hostPort: number): void {
    this.#db
      .prepare(
        `UPDATE aleph_port_mapping SET deleted_at_ms = ${NOW_MS} WHERE host_port = ? AND deleted_at_ms IS NULL`,
      )
      .run(hostPort);
  }

  #beginMapping(vmHash: ItemHash, { vmPort, hostPort, tcp, udp }: PortMapping): void {
    this.#db
      .prepare(
        `INSERT INTO aleph_port_mapping (vm_hash, vm_port, host_port, tcp, udp, created_at_ms)
         VALUES (?, ?, ?, ?, ?, ${NOW_MS})`,
      )
      .run(vmHash, vmPort, hostPort, tcp ? 1 : 0, udp ? 1 : 0);
  }

  #forgetOldest(): void {
    this.#db
      .prepare(
        `DELETE FROM aleph_execution WHERE ended IS NOT NULL
           AND (ended = 'erased' OR id NOT IN
             (SELECT max(id) FROM aleph_execution WHERE ${LEFT_TRACES} GROUP BY vm_hash))
           AND id NOT IN
             (SELECT id FROM aleph_execution WHERE ended IS NOT NULL ORDER BY id DESC LIMIT ?)`,
      )
      .run(MAX_ENDED);
  }

  #forgetOldestMappings(): void {
    this.#db
      .prepare(
        `DELETE FROM aleph_port_mapping WHERE deleted_at_ms IS NOT NULL AND id NOT IN
           (SELECT id FROM aleph_port_mapping WHERE deleted_at_ms IS NOT NULL ORDER BY id DESC LIMIT ?)`,
      )
      .run(MAX_ENDED_MAPPINGS);
  }
}

function isSame(one: PortMapping, other: PortMapping): boolean {
  const isSameWay = one.vmPort === other.vmPort && one.hostPort === other.hostPort;
  return isSameWay && one.tcp === other.tcp && one.udp === other.udp;
}

function ownedPortFromRow(row: Row): OwnedPort {
  return {
    vmHash: hash(row, "vm_hash"),
    vmPort: integer(row, "vm_port"),
    hostPort: integer(row, "host_port"),
    tcp: integer(row, "tcp") === 1,
    udp: integer(row, "udp") === 1,
  };
}

/** An execution of a message as a row of the database. */

import type {
  AssignedGpu,
  ConfidentialState,
  ExecutionEnd,
  ExecutionRecord,
  ExecutionTask,
  ExecutionTimes,
  PortMapping,
} from "#core/aleph/execution/record.ts";
import type { InstanceNetwork } from "#core/aleph/execution/address-plan.ts";
import { type ItemHash, parseItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage, VmType } from "#core/aleph/message/content.ts";

import { integer, oneOf, optionalText, text } from "./columns.ts";
import type { Row, Value } from "./db.ts";

/** What of an execution changes, in the order of `CHANGING_COLUMNS`. */
export function changingColumns(record: ExecutionRecord): Value[] {
  const { times, task, confidential } = record;
  return [
    ms(times.preparing),
    ms(times.prepared),
    ms(times.starting),
    ms(times.started),
    ms(times.stopping),
    ms(times.stopped),
    record.persistent ? 1 : 0,
    ms(record.expiresAt),
    record.ended ?? null,
    task ? JSON.stringify(task) : null,
    JSON.stringify(record.gpus),
    JSON.stringify(record.ports),
    confidential ? JSON.stringify(confidential) : null,
  ];
}

export const CHANGING_COLUMNS = [
  "preparing_at_ms",
  "prepared_at_ms",
  "starting_at_ms",
  "started_at_ms",
  "stopping_at_ms",
  "stopped_at_ms",
  "persistent",
  "expires_at_ms",
  "ended",
  "task_json",
  "gpus_json",
  "ports_json",
  "confidential_json",
] as const;

export const FIXED_COLUMNS = [
  "uuid",
  "vm_hash",
  "vm_id",
  "vm_type",
  "network_json",
  "original_json",
  "message_json",
  "defined_at_ms",
] as const;

/** What of an execution never changes, in the order of `FIXED_COLUMNS`. */
export function fixedColumns(record: ExecutionRecord): Value[] {
  const original = JSON.stringify(record.original);
  const message = JSON.stringify(record.message);
  return [
    record.uuid,
    record.vmHash,
    record.vmId,
    record.vmType,
    JSON.stringify(record.network),
    original,
    message === original ? null : message,
    record.times.defined.getTime(),
  ];
}

const VM_TYPES: readonly VmType[] = ["microvm", "persistent_program", "instance"];
const ENDS: readonly ExecutionEnd[] = ["stopped", "erased", "expired", "failed"];

export function executionFromRow(row: Row): ExecutionRecord {
  // What is JSON here was written from checked values by the two functions above.
  const network: InstanceNetwork = JSON.parse(text(row, "network_json"));
  const original: StoredMessage = JSON.parse(text(row, "original_json"));
  const resolved = optionalText(row, "message_json");
  const message: StoredMessage = resolved === undefined ? original : JSON.parse(resolved);
  const gpus: readonly AssignedGpu[] = JSON.parse(text(row, "gpus_json"));
  const ports: readonly PortMapping[] = JSON.parse(text(row, "ports_json"));
  return {
    uuid: text(row, "uuid"),
    vmHash: hash(row, "vm_hash"),
    vmId: integer(row, "vm_id"),
    vmType: oneOf(row, "vm_type", VM_TYPES),
    network,
    message,
    original,
    times: timesFromRow(row),
    persistent: integer(row, "persistent") === 1,
    expiresAt: date(row, "expires_at_ms"),
    task: taskFromJson(optionalText(row, "task_json")),
    gpus,
    ports,
    ended: row["ended"] === null ? undefined : oneOf(row, "ended", ENDS),
    confidential: confidentialFromJson(optionalText(row, "confidential_json")),
  };
}

export function hash(row: Row, column: string): ItemHash {
  const parsed = parseItemHash(text(row, column));
  if (parsed !== undefined) return parsed;
  throw new Error(`The database is damaged: column ${column} holds no item hash`);
}

function timesFromRow(row: Row): ExecutionTimes {
  return {
    defined: new Date(integer(row, "defined_at_ms")),
    preparing: date(row, "preparing_at_ms"),
    prepared: date(row, "prepared_at_ms"),
    starting: date(row, "starting_at_ms"),
    started: date(row, "started_at_ms"),
    stopping: date(row, "stopping_at_ms"),
    stopped: date(row, "stopped_at_ms"),
  };
}

function taskFromJson(json: string | undefined): ExecutionTask | undefined {
  return json === undefined ? undefined : JSON.parse(json);
}

/** JSON drops what is undefined. */
function confidentialFromJson(json: string | undefined): ConfidentialState | undefined {
  if (json === undefined) return undefined;
  const stored: ConfidentialState = JSON.parse(json);
  return { ...stored, firmware: stored.firmware, launch: stored.launch };
}

function date(row: Row, column: string): Date | undefined {
  return row[column] === null ? undefined : new Date(integer(row, column));
}

function ms(at: Date | undefined): number | null {
  return at?.getTime() ?? null;
}

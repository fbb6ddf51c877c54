/** A VM as a row of the database. */

import { type LayerId, parseLayerId, parseVmId } from "#core/ids.ts";
import { macAddress } from "#core/network/user-network.ts";
import type { GuestReceipt } from "#core/ports/guest-identity.ts";
import { VM_PHASES } from "#core/vm/lifecycle.ts";
import type { SavedMemory, VmKind, VmOrigin, VmRecord, VmState } from "#core/vm/vm.ts";

import { integer, oneOf, optionalText, text } from "./columns.ts";
import type { Row, Value } from "./db.ts";
import { specFromJson } from "./spec-column.ts";

/** in the order of the columns: phase, phase_since_ms, reason, machine, saved_name, restore_at_start */
export function stateColumns({ phase, since, reason, machine, saved }: VmState): Value[] {
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

export function recordFromRow(row: Row): VmRecord {
  return {
    id: parseVmId(text(row, "id")),
    hostname: text(row, "hostname"),
    group: text(row, "host_group"),
    kind: oneOf(row, "kind", KINDS),
    owner: optionalText(row, "owner"),
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
export function receiptToJson(receipt: GuestReceipt): string {
  return JSON.stringify({ ...receipt, clockStepNs: receipt.clockStepNs.toString() });
}

function receiptFromJson(json: string | undefined): GuestReceipt | undefined {
  if (json === undefined) return undefined;
  const stored: Omit<GuestReceipt, "clockStepNs"> & { clockStepNs: string } = JSON.parse(json);
  const { mac, address } = stored;
  return { ...stored, mac, address, clockStepNs: BigInt(stored.clockStepNs) };
}

/** Bodies of control requests that carry hashes or secrets, checked as the network's nodes check them. Pure. */

import type { ItemHash } from "../item-hash.ts";

export interface AllocationRequest {
  readonly persistentVms: readonly ItemHash[];
  readonly instances: readonly ItemHash[];
  /** whether there was anything in the fields that have no meaning any more: `on_demand_vms`, `jobs` */
  readonly hasIgnored: boolean;
}

/** @param body of `POST /control/allocations`. @throws SchemaProblems */
export function readAllocation(_body: unknown): AllocationRequest {
  throw new Error("invariant: not written yet");
}

export interface NotifyRequest {
  readonly instance: ItemHash;
  /** the message itself, where it came along; unchecked */
  readonly message: unknown;
}

/** @param body of `POST /control/allocation/notify`. @throws SchemaProblems */
export function readNotify(_body: unknown): NotifyRequest {
  throw new Error("invariant: not written yet");
}

/** base64 texts, not yet looked at */
export interface SecretRequest {
  readonly packetHeader: string;
  readonly secret: string;
}

/** @param body of `POST …/confidential/inject_secret`. @throws SchemaProblems */
export function readSecret(_body: unknown): SecretRequest {
  throw new Error("invariant: not written yet");
}

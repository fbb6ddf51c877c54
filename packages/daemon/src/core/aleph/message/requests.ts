/** Bodies of control requests that carry hashes or secrets, checked as the network's nodes check them. Pure. */

import type { ItemHash } from "../item-hash.ts";
import { readForm } from "./form.ts";
import { checked } from "./checked.ts";
import type { Spot } from "./spot.ts";

/** hashes in one list of an allocation */
const MAX_HASHES = 10_000;
/** base64 of a secret; the whole body is bounded by the listener */
const MAX_SECRET_CHARS = 1_048_576;

export interface AllocationRequest {
  readonly persistentVms: readonly ItemHash[];
  readonly instances: readonly ItemHash[];
  /** whether there was anything in the fields that have no meaning any more: `on_demand_vms`, `jobs` */
  readonly hasIgnored: boolean;
}

/** @param body of `POST /control/allocations`. @throws SchemaProblems */
export function readAllocation(body: unknown): AllocationRequest {
  return checked(body, (spot) =>
    readForm(spot, {
      name: "Allocation",
      extra: "ignore",
      read: (form) => {
        const persistentVms = hashesAt(form.given("persistent_vms"));
        const instances = hashesAt(form.given("instances"));
        const ignored = ["on_demand_vms", "jobs"].flatMap((key) => hashesAt(form.optional(key)));
        return { persistentVms, instances, hasIgnored: ignored.length > 0 };
      },
    }),
  );
}

export interface NotifyRequest {
  readonly instance: ItemHash;
  /** the message itself, where it came along; unchecked */
  readonly message: unknown;
}

/** @param body of `POST /control/allocation/notify`. @throws SchemaProblems */
export function readNotify(body: unknown): NotifyRequest {
  return checked(body, (spot) =>
    readForm(spot, {
      name: "VMNotification",
      extra: "ignore",
      read: (form) => ({
        instance: form.required("instance").hash(),
        message: form.optional("message")?.value,
      }),
    }),
  );
}

/** base64 texts, not yet looked at */
export interface SecretRequest {
  readonly packetHeader: string;
  readonly secret: string;
}

/** @param body of `POST …/confidential/inject_secret`. @throws SchemaProblems */
export function readSecret(body: unknown): SecretRequest {
  return checked(body, (spot) =>
    readForm(spot, {
      name: "InjectSecretParams",
      extra: "ignore",
      read: (form) => ({
        packetHeader: form.required("packet_header").text(MAX_SECRET_CHARS),
        secret: form.required("secret").text(MAX_SECRET_CHARS),
      }),
    }),
  );
}

/** Each once, in order of appearance. */
function hashesAt(spot: Spot | undefined): readonly ItemHash[] {
  return [...new Set(spot?.list(MAX_HASHES, (one) => one.hash(), "set"))];
}

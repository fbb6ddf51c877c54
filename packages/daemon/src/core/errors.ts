/**
 * Every failure a caller can act on, in one closed list.
 *
 * The core throws `AlcoveError` and knows nothing of HTTP. Each API surface
 * turns `code` into a status through `http/problem.ts`; the compiler keeps that
 * table complete.
 */

import type { GuestFailureCode } from "./ports/guest-link.ts";

export type HostResource = "memory" | "cpu" | "disk" | "addresses" | "vms" | "layers";

/** What each error carries for a program to read. The keys are the codes. */
export interface ErrorDetails {
  invalid_request: { issues: readonly { path: string; problem: string }[] };
  unauthenticated: { reason: string };
  /** A browser page of another origin, on a listener without a token. */
  foreign_origin: { origin: string };
  route_not_found: { path: string };
  /** `allow` lists the methods that the path knows, as the header of that name does */
  method_not_allowed: { method: string; allow: string };
  group_not_found: { group: string };
  vm_not_found: { hostname: string };
  vm_protected: { hostname: string };
  name_taken: { name: string };
  /** The VM exists, but its phase does not allow the command. */
  wrong_phase: { hostname: string; phase: string; input: string };
  /** The hypervisor, image or build of Alcove in use cannot do it at all. */
  unsupported: { feature: string };
  /** `needed` and `available` are bytes, or counts for `cpu`, `addresses`, `vms` and `layers`. */
  no_capacity: { resource: HostResource; needed: number; available: number };
  image_not_found: { image: string };
  image_in_use: { image: string };
  /** Somebody else is changing the image store, or too many wait to do it; `holder` says who, for people. */
  image_store_busy: { holder: string };
  image_work_not_found: { work: string };
  template_not_found: { template: string };
  /** A sealed disk that something stands on is not on this host any more, or its description is damaged. */
  layer_missing: { layer: string };
  commit_not_found: { commit: string };
  /** Its source or a child of it still exists; `users` are host names. */
  commit_in_use: { commit: string; users: readonly string[] };
  /** Another commit has the key already. */
  cache_key_taken: { cacheKey: string; commit: string };
  /** Only what is kept when it ends can be committed. */
  not_persistent: { hostname: string };
  build_failed: { step: string };
  hypervisor_failed: { hypervisor: string };
  /** What was kept of a suspended machine is damaged, or of a machine that this host does not make. */
  state_unusable: { hypervisor: string };
  /** The VM runs, but its agent does not answer. */
  guest_unreachable: { hostname: string };
  /** The agent answered that it could not do it: a missing path, a full disk, a hostile archive. */
  guest_refused: { reason: GuestFailureCode };
  /** Nobody takes a connection at the target inside the guest. */
  dial_failed: { target: string };
  log_not_found: { hostname: string };
  secret_not_found: { name: string };
  /** A secret rests here but is not what was written: the file was changed, or the key is another. */
  secret_damaged: { name: string };
  /** The source of a user's public keys did not give any. */
  keys_unavailable: { user: string };
  timed_out: { afterMs: number };
  /** This host is no node of the Aleph network. */
  aleph_off: { setting: string };
  /** `hash`: item hash of its message. */
  execution_not_found: { hash: string };
  /** What the node says, in its own words, to what was asked of an execution. */
  execution_refused: { hash: string };
}

export type ErrorCode = keyof ErrorDetails;

/** `message` is shown to API callers; put secrets and host paths in `cause`, which is only logged. */
export class AlcoveError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "AlcoveError";
  readonly code: Code;
  readonly details: ErrorDetails[Code];

  constructor(code: Code, message: string, details: ErrorDetails[Code], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  static is<Code extends ErrorCode>(error: unknown, code: Code): error is AlcoveError<Code> {
    return error instanceof AlcoveError && error.code === code;
  }
}

/** One thing wrong with a request: the field, and what to do about it. */
export function invalidRequest(path: string, problem: string): AlcoveError<"invalid_request"> {
  const text = path === "" ? problem : `${path}: ${problem}`;
  return new AlcoveError("invalid_request", text, { issues: [{ path, problem }] });
}

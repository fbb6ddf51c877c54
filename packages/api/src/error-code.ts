/** Every `code` an error answer of Alcove can carry. Codes are part of the API: none may disappear. */
export const ERROR_CODES = [
  "invalid_request",
  "unauthenticated",
  "foreign_origin",
  "route_not_found",
  "method_not_allowed",
  "group_not_found",
  "vm_not_found",
  "vm_protected",
  "name_taken",
  "wrong_phase",
  "unsupported",
  "no_capacity",
  "image_not_found",
  "image_in_use",
  "layer_missing",
  "build_failed",
  "hypervisor_failed",
  "state_unusable",
  "guest_unreachable",
  "guest_refused",
  "dial_failed",
  "log_not_found",
  "secret_not_found",
  "secret_damaged",
  "keys_unavailable",
  "timed_out",
  /** HTTP itself went wrong: a body that is too large, a shape that does not fit */
  "bad_http",
  /** a fault of the daemon's; its log has it */
  "internal",
] as const;

export type ApiErrorCode = (typeof ERROR_CODES)[number];

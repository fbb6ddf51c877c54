/**
 * The one table from error codes to HTTP statuses.
 *
 * Adding a code to `ErrorDetails` fails to compile here until it has a status.
 * Surfaces choose how the body looks. A foreign API that is known to answer
 * with another status says so in its own `wire.ts`.
 */

import type { ApiErrorCode } from "@alcove/api";
import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import { type GuestFailureCode, SessionLost } from "#core/ports/guest-link.ts";

const STATUS = {
  invalid_request: 400,
  unauthenticated: 401,
  foreign_origin: 403,
  route_not_found: 404,
  method_not_allowed: 405,
  group_not_found: 404,
  vm_not_found: 404,
  vm_protected: 403,
  name_taken: 409,
  wrong_phase: 409,
  unsupported: 501,
  no_capacity: 503,
  image_not_found: 404,
  image_in_use: 409,
  image_store_busy: 409,
  image_work_not_found: 404,
  template_not_found: 404,
  layer_missing: 500,
  commit_not_found: 404,
  commit_in_use: 409,
  cache_key_taken: 409,
  not_persistent: 409,
  build_failed: 500,
  hypervisor_failed: 500,
  state_unusable: 409,
  guest_unreachable: 503,
  guest_refused: 400,
  dial_failed: 502,
  log_not_found: 404,
  secret_not_found: 404,
  secret_damaged: 500,
  keys_unavailable: 502,
  timed_out: 408,
  aleph_off: 404,
  execution_not_found: 404,
  execution_refused: 409,
} as const satisfies Record<ErrorCode, number>;

/** What a guest refuses is the caller's mistake more often than not, but not always. */
const GUEST_STATUS = {
  bad_request: 400,
  not_found: 404,
  is_directory: 400,
  not_directory: 400,
  permission: 403,
  exists: 409,
  no_space: 413,
  unsafe_path: 400,
  bad_archive: 400,
  not_executable: 400,
  busy: 503,
  gone: 410,
  running: 409,
  cancelled: 500,
  unsupported: 501,
  io: 500,
} as const satisfies Record<GuestFailureCode, number>;

/** What may leave the host about a failure. Causes and stacks stay in the log. */
export interface Problem {
  readonly status: number;
  readonly code: ApiErrorCode;
  readonly message: string;
  readonly details: object;
}

export function toProblem(error: unknown): Problem {
  if (AlcoveError.is(error, "guest_refused")) {
    const { code, message, details } = error;
    return { status: GUEST_STATUS[details.reason], code, message, details };
  }
  if (error instanceof AlcoveError) {
    const { code, message, details }: AlcoveError = error;
    return { status: STATUS[code], code, message, details };
  }
  if (error instanceof SessionLost) {
    const message = `The guest's agent went away: ${error.message}`;
    return { status: STATUS.guest_unreachable, code: "guest_unreachable", message, details: {} };
  }
  const issues = shapeIssues(error);
  if (issues.length > 0) {
    const message = issues.map(({ path, problem }) => `${path}: ${problem}`).join("; ");
    return {
      status: STATUS.invalid_request,
      code: "invalid_request",
      message,
      details: { issues },
    };
  }
  const status = clientStatus(error);
  if (status !== undefined && error instanceof Error) {
    return { status, code: "bad_http", message: error.message, details: {} };
  }
  return {
    status: 500,
    code: "internal",
    message: "Internal error; the daemon's log has it",
    details: {},
  };
}

/** Fastify's own refusals (malformed JSON, a body that is too large, a schema) carry a 4xx. */
function clientStatus(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  const { statusCode } = error;
  const isClients = typeof statusCode === "number" && statusCode >= 400 && statusCode < 500;
  return isClients ? statusCode : undefined;
}

/** One thing wrong with the shape of a request, as the schema validator reports it. */
interface Violation {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * The validator's findings in words for people: one for each field. That a value may also be
 * null, or fits none of several shapes, says nothing that the first finding has not said.
 */
function shapeIssues(error: unknown): { path: string; problem: string }[] {
  const byField = new Map<string, string>();
  for (const { instancePath, keyword, message, params } of violationsIn(error)) {
    if (keyword === "anyOf" || params["type"] === "null") continue;
    const path = instancePath.slice(1).replaceAll("/", ".") || "body";
    if (!byField.has(path)) byField.set(path, message ?? `does not fit (${keyword})`);
  }
  return Array.from(byField, ([path, problem]) => ({ path, problem }));
}

function violationsIn(error: unknown): readonly Violation[] {
  if (!(error instanceof Error) || !("validation" in error)) return [];
  const { validation } = error;
  return Array.isArray(validation) ? validation : [];
}

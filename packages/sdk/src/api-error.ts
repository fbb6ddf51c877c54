import type { ApiErrorCode } from "@alcove/api";
import { isObject } from "./errors.ts";

/** A code of this API, offered by editors; a newer or another host may say others. */
export type AnyErrorCode = ApiErrorCode | (string & {});

/** The host refused or failed; made from its JSON body `{error, code}`. */
export class AlcoveApiError extends Error {
  override readonly name: string = "AlcoveApiError";
  /** HTTP status */
  readonly status: number;
  /** the API's own word for the failure, or `http_<status>` where it gives none */
  readonly code: AnyErrorCode;
  /** what else the host said about it; `body` is the begin of an answer that is not the API's */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: AnyErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** What can be done about it; `undefined` where the message says all there is. */
  get hint(): string | undefined {
    return HINTS[this.code] ?? HINTS[`http_${this.status}`];
  }

  /** @param body the text of the answer, JSON or not */
  static fromBody(status: number, body: string): AlcoveApiError {
    const parsed = asObject(body);
    const { error, message, code, details } = parsed;
    const text = [error, message, body.trim()].find(isText) ?? `The host answered ${status}`;
    return new AlcoveApiError(
      status,
      isText(code) ? code : `http_${status}`,
      text,
      isObject(details) ? details : foreignPart(body),
    );
  }
}

/** There is a secret of that name already. */
export class SecretExistsError extends AlcoveApiError {
  override readonly name: string = "SecretExistsError";
  readonly secretName: string;

  constructor(secretName: string, { status, code, message, details }: AlcoveApiError) {
    super(status, code, message, details);
    this.secretName = secretName;
  }

  override get hint(): string {
    return "Change it with an update, or delete it first.";
  }
}

/** How much of such an answer is kept, in characters. */
const FOREIGN_BODY_LIMIT = 1_000;

const HINTS: Readonly<Record<string, string>> = {
  http_401: "Give the daemon's token; it is in auth/token of the daemon's state directory.",
  vm_not_found: "The list of VMs shows what is there; a VM that is not persistent ends for good.",
  group_not_found: "The list of host groups shows what is there.",
  no_capacity: "Delete or shut down VMs, ask for a smaller one, or promise less on the host.",
  guest_unreachable: "The VM may still boot: wait for its agent, or look at its console log.",
  http_410: "It was removed, with all its output.",
};

/** What is no JSON object comes from something else: a proxy, another server. */
function foreignPart(body: string): Readonly<Record<string, unknown>> {
  const isApi = body === "" || Object.keys(asObject(body)).length > 0;
  return isApi ? {} : { body: body.slice(0, FOREIGN_BODY_LIMIT) };
}

function asObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {}; // a proxy's HTML page or plain text: its words become the message
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

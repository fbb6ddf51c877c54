import type { ApiErrorCode } from "@alcove/api";
import { isObject } from "./errors.ts";

/** A code of this API, offered by editors; a newer or another host may say others. */
export type AnyErrorCode = ApiErrorCode | (string & {});

/** The host refused or failed; made from its JSON body `{error, code}`. */
export class AlcoveApiError extends Error {
  override readonly name = "AlcoveApiError";
  /** HTTP status */
  readonly status: number;
  /** the API's own word for the failure, or `http_<status>` where it gives none */
  readonly code: AnyErrorCode;
  /** what else the host said about it, for a program to read */
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

  /** @param body the text of the answer, JSON or not */
  static fromBody(status: number, body: string): AlcoveApiError {
    const parsed = asObject(body);
    const { error, message, code, details } = parsed;
    const text = [error, message, body.trim()].find(isText) ?? `The host answered ${status}`;
    return new AlcoveApiError(
      status,
      isText(code) ? code : `http_${status}`,
      text,
      isObject(details) ? details : {},
    );
  }
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

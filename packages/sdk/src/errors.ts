/**
 * How a call can fail without the host having said why: it did not answer, or its answer makes no
 * sense. (What a host says is in `api-error.ts`; an abort rejects with the signal's own reason.)
 */

/** No answer, or an answer that broke off: nothing listens, no permission, the connection was lost. */
export class AlcoveConnectionError extends Error {
  override readonly name = "AlcoveConnectionError";
  /** address or socket path that was tried */
  readonly endpoint: string;
  /** the operating system's code, such as `ECONNREFUSED`; `undefined` where there is none */
  readonly code: string | undefined;

  constructor(message: string, endpoint: string, options?: ErrorOptions) {
    super(message, options);
    this.endpoint = endpoint;
    this.code = systemCode(options?.cause);
  }
}

/** The host sent something that is not in the protocol, or more than a stated bound allows. */
export class AlcoveProtocolError extends Error {
  override readonly name = "AlcoveProtocolError";
}

export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

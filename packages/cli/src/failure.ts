/**
 * Failures, as a person reads them: what went wrong, and what to do about it.
 */

import { AlcoveApiError, AlcoveConnectionError, AlcoveInputError } from "@alcove/sdk";

import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { printable } from "./printable.ts";

/** The command was given something it cannot use; the message says what would do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A failure that already knows its exit code and its advice. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export interface Explanation {
  readonly message: string;
  /** what the reader can do; `undefined` where the message says all there is */
  readonly advice: string | undefined;
  readonly exitCode: number;
  /** the API's word for it, or a word of our own */
  readonly code: string;
}

export function explain(failure: unknown): Explanation {
  // When the clean-up failed as well, what made it necessary is the reason.
  const error: unknown = failure instanceof SuppressedError ? failure.suppressed : failure;
  const message = printable(error instanceof Error ? error.message : String(error));
  if (error instanceof CommandError) {
    return { message, advice: undefined, exitCode: error.exitCode, code: "failed" };
  }
  if (error instanceof UsageError || error instanceof AlcoveInputError) {
    return { message, advice: undefined, exitCode: EXIT.usage, code: "usage" };
  }
  if (error instanceof AlcoveConnectionError) return unreachable(error, message);
  const advice = error instanceof AlcoveApiError ? adviceFor(error) : undefined;
  const code = error instanceof AlcoveApiError ? printable(error.code) : "failed";
  return { message, advice, exitCode: exitCodeOf(error), code };
}

const NOT_RUNNING = new Set(["ECONNREFUSED", "ENOENT", "ENOTSOCK"]);
const NOT_PERMITTED = new Set(["EACCES", "EPERM"]);

function unreachable(error: AlcoveConnectionError, message: string): Explanation {
  const exitCode = EXIT.unreachable;
  const where = printable(error.endpoint);
  const code = "unreachable";
  if (error.code !== undefined && NOT_RUNNING.has(error.code)) {
    const advice = "Start it with `alcove up` or `npm start`, or say where it is with --url.";
    return { message: `No Alcove daemon answers at ${where}.`, advice, exitCode, code };
  }
  if (error.code !== undefined && NOT_PERMITTED.has(error.code)) {
    const advice = "Run the command as the user that runs the daemon, or use its TCP address.";
    return { message: `You may not use the socket ${where}.`, advice, exitCode, code };
  }
  return { message, advice: undefined, exitCode, code };
}

function adviceFor({ status, code }: AlcoveApiError): string | undefined {
  if (status === 401) {
    return "Give the daemon's token with --token-file (it is in auth/token of the state directory).";
  }
  return code === "vm_not_found" ? "`alcove vm list` shows what is there." : undefined;
}

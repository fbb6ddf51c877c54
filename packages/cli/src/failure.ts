/**
 * Failures, as a person reads them: what went wrong, and what to do about it.
 */

import {
  AlcoveApiError,
  AlcoveConnectionError,
  AlcoveInputError,
  AlcoveProtocolError,
  AlcoveTimeoutError,
} from "@alcove/sdk";

import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { inFlags } from "./flag-names.ts";
import { printable } from "./printable.ts";

/** The command was given something it cannot use; the message says what would do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

interface CommandErrorOptions extends ErrorOptions {
  readonly advice?: string;
  /** default: `failed` */
  readonly code?: string;
}

/** A failure that already knows its exit code and its advice. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  readonly advice: string | undefined;
  readonly code: string;

  constructor(message: string, exitCode: number, options: CommandErrorOptions = {}) {
    super(message, options);
    this.exitCode = exitCode;
    this.advice = options.advice;
    this.code = options.code ?? "failed";
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

/** @param endpoint where the host was looked for; `undefined` when none was */
export function explain(failure: unknown, endpoint?: string): Explanation {
  // When the clean-up failed as well, what made it necessary is the reason.
  const error: unknown = failure instanceof SuppressedError ? failure.suppressed : failure;
  const message = printable(error instanceof Error ? error.message : String(error));
  if (error instanceof CommandError) {
    const { advice, exitCode, code } = error;
    return { message, advice, exitCode, code };
  }
  if (error instanceof UsageError || error instanceof AlcoveInputError) {
    return { message, advice: undefined, exitCode: EXIT.usage, code: "usage" };
  }
  if (error instanceof AlcoveTimeoutError) {
    return { message, advice: undefined, exitCode: EXIT.timedOut, code: "timed_out" };
  }
  if (error instanceof AlcoveConnectionError) return unreachable(error, message);
  if (endpoint !== undefined && isForeign(error)) return foreign(endpoint, exitCodeOf(error));
  if (!(error instanceof AlcoveApiError)) {
    return { message, advice: undefined, exitCode: exitCodeOf(error), code: "failed" };
  }
  const code = printable(error.code);
  const text = code === "invalid_request" ? inFlags(message) : message;
  return { message: text, advice: adviceFor(error), exitCode: exitCodeOf(error), code };
}

/** An answer that no host gives: not in the API's form, or of no shape that is known. */
function isForeign(error: unknown): boolean {
  if (error instanceof AlcoveApiError) return "body" in error.details;
  return (
    error instanceof AlcoveProtocolError && /^The host's answer|is not JSON$/.test(error.message)
  );
}

function foreign(endpoint: string, exitCode: number): Explanation {
  const where = printable(endpoint);
  return {
    message: `Something answers at ${where}, and it is no Alcove daemon.`,
    advice:
      "Say where the daemon is with --url; one that found its port taken says so when it starts.",
    exitCode,
    code: "not_alcove",
  };
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

/** The host's refusal as it is, with the flag that would have helped. */
export function advising(error: AlcoveApiError, advice: string): CommandError {
  const { message, exitCode, code } = explain(error);
  return new CommandError(message, exitCode, { cause: error, advice, code });
}

function adviceFor(error: AlcoveApiError): string | undefined {
  const { status, code } = error;
  if (status === 401) {
    return "Give the daemon's token with --token-file (it is in auth/token of the state directory).";
  }
  if (code === "wrong_phase") return wayToRun(error.message) ?? error.hint;
  return ADVICE[code] ?? error.hint;
}

const WAY_TO_RUN: Readonly<Record<string, string>> = {
  stopped: "relaunch",
  paused: "resume",
  suspended: "restore",
};

/** @param message as the host says it: which VM does not run, and why */
function wayToRun(message: string): string | undefined {
  const [, hostname, phase = ""] =
    /^([a-z0-9-]+) is (stopped|paused|suspended)\b/.exec(message) ?? [];
  const verb = WAY_TO_RUN[phase];
  return verb === undefined ? undefined : `\`alcove vm ${verb} ${hostname}\` lets it run again.`;
}

const ADVICE: Readonly<Record<string, string>> = {
  vm_protected:
    "Lower its group's `count` in the configuration file and restart the daemon; then it can be deleted.",
  vm_not_found: "`alcove vm list` shows what is there.",
  group_not_found: "`alcove vm group` shows what is there.",
  secret_not_found: "`alcove secret list` shows what is there.",
  image_not_found: "`alcove image ls` shows what is there.",
};

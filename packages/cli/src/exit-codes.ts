/**
 * What the command's exit status says; docs/cli.md shows this table to users.
 *
 * `run` and `vm exec` pass the guest command's own status on (126 and 127 included, as a shell
 * gives them), so Alcove's own failures there all are `guestCommandNotRun`.
 */

import { constants } from "node:os";

import { AlcoveApiError, AlcoveConnectionError } from "@alcove/sdk";

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notAllowed: 4,
  notFound: 5,
  wrongState: 6,
  timedOut: 7,
  noCapacity: 8,
  guestCommandNotRun: 125,
} as const;

const BY_STATUS: Readonly<Record<number, number>> = {
  400: EXIT.usage,
  401: EXIT.notAllowed,
  402: EXIT.notAllowed,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  408: EXIT.timedOut,
  409: EXIT.wrongState,
  410: EXIT.notFound,
  413: EXIT.usage,
  503: EXIT.wrongState,
  504: EXIT.timedOut,
  507: EXIT.noCapacity,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof AlcoveConnectionError) return EXIT.unreachable;
  if (!(error instanceof AlcoveApiError)) return EXIT.failed;
  if (error.code === "no_capacity") return EXIT.noCapacity;
  return exitCodeOfStatus(error.status);
}

/** @param status of HTTP */
export function exitCodeOfStatus(status: number): number {
  return BY_STATUS[status] ?? EXIT.failed;
}

/** As a shell reports a program that a signal ended: 128 and the signal's number. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

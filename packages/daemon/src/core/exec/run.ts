/** Runs a started process to its end and keeps what it said, up to a bound. */

import { unlessAborted } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import { humanBytes, MIB } from "#lib/bytes.ts";
import type { GuestProcess, ProcessEnd, ProcessOutput } from "../ports/guest-link.ts";

/** stdout and stderr together; more belongs in a stream */
export const MAX_KEPT_OUTPUT_BYTES = 16 * MIB;

export interface RunResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly end: ProcessEnd;
}

/**
 * @param signal kills the process group in the guest
 * @throws AlcoveError `invalid_request` when the output is larger than the bound; the process is killed
 */
export async function runToEnd(process: GuestProcess, signal: AbortSignal): Promise<RunResult> {
  try {
    return await unlessAborted(collected(process), signal);
  } finally {
    process.cancel(); // harmless after an ordinary end
  }
}

async function collected(process: GuestProcess): Promise<RunResult> {
  const kept: Record<ProcessOutput["stream"], Uint8Array[]> = { stdout: [], stderr: [] };
  let size = 0;
  for await (const { stream, bytes } of process.output) {
    size += bytes.byteLength;
    if (size > MAX_KEPT_OUTPUT_BYTES) throw tooMuch();
    kept[stream].push(Buffer.from(bytes));
  }
  const end = await process.ended;
  return { stdout: Buffer.concat(kept.stdout), stderr: Buffer.concat(kept.stderr), end };
}

function tooMuch(): AlcoveError {
  const bound = humanBytes(MAX_KEPT_OUTPUT_BYTES);
  const problem = `the command wrote more than ${bound} and was killed: use the streamed form`;
  return new AlcoveError("invalid_request", problem, { issues: [{ path: "buffered", problem }] });
}

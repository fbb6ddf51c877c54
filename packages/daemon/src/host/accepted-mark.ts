/**
 * When the latest signed request that was ever accepted here was signed: one number in a file. Without the file, or with
 * one that says nothing, it is the start of this run that counts.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";

import type { EarlierRuns } from "#core/aleph/ports/earlier-runs.ts";
import type { Clock } from "#core/ports/clock.ts";

/** how far ahead of this host's time a request can have been signed at the most, in seconds; what is later came of a wrong clock */
const MOST_AHEAD_S = 86_400;

export class AcceptedMark implements EarlierRuns {
  readonly notBefore: number;
  readonly #file: string;
  #latest: number;

  /** @param file absolute path, in a directory that there is */
  static open(file: string, clock: Clock): AcceptedMark {
    // Clients sign in whole seconds: one that signs right after the start is not to be refused.
    const begun = Math.floor(clock.now().getTime() / 1000);
    const latest = numberIn(file);
    return new AcceptedMark(file, begun, latest <= begun + MOST_AHEAD_S ? latest : NEVER);
  }

  private constructor(file: string, begun: number, latest: number) {
    this.#file = file;
    this.#latest = latest;
    this.notBefore = Math.max(begun, latest + 1);
  }

  /** Whole or not at all, so that a daemon that dies meanwhile leaves the earlier number; at most once a second. */
  accepted(iat: number): void {
    if (iat <= this.#latest) return;
    const part = `${this.#file}.part`;
    writeFileSync(part, `${iat}\n`, { mode: 0o600, flush: true });
    renameSync(part, this.#file);
    this.#latest = iat;
  }
}

const NEVER = Number.NEGATIVE_INFINITY;

function numberIn(file: string): number {
  try {
    const text = readFileSync(file, "utf8").trim();
    return /^\d{1,15}$/.test(text) ? Number(text) : NEVER;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return NEVER;
    throw error;
  }
}

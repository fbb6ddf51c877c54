/**
 * Where a file holds data, and where it has holes.
 *
 * Node cannot ask (`SEEK_DATA`), qemu-img can: a map of a 4 GiB disk takes it some milliseconds.
 */

import { stat } from "node:fs/promises";

import { runText } from "#process/run.ts";

export interface Extent {
  readonly start: number;
  readonly bytes: number;
}

/** files up to this size are simply read, in `bytes` */
const SMALL_BYTES = 64 * 1024 * 1024;

/** @returns the parts of a file that may hold data, in order; everything else is zeros */
export async function dataExtents(file: string, signal: AbortSignal): Promise<Extent[]> {
  const { size } = await stat(file);
  if (size <= SMALL_BYTES) return [{ start: 0, bytes: size }];
  const args = ["map", "-f", "raw", "--output=json", file];
  const map: unknown = JSON.parse(
    await runText({ file: "qemu-img", args, maxOutputBytes: SMALL_BYTES }, signal),
  );
  if (!Array.isArray(map)) throw new Error("qemu-img map did not answer with a list");
  return map
    .filter(isMapEntry)
    .filter(({ zero }) => !zero)
    .map(({ start, length }) => ({ start, bytes: length }));
}

interface MapEntry {
  readonly start: number;
  readonly length: number;
  readonly zero: boolean;
}

function isMapEntry(value: unknown): value is MapEntry {
  if (typeof value !== "object" || value === null) return false;
  const entry = value as Partial<Record<keyof MapEntry, unknown>>;
  return (
    typeof entry.start === "number" &&
    typeof entry.length === "number" &&
    typeof entry.zero === "boolean"
  );
}

/** Sizes, durations and instants, as people write and read them. */

import { InvalidArgumentError } from "commander";

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `90s`, `1h30m`, `500ms`; a bare number is seconds. */
export function parseDurationMs(text: string): number {
  const seconds = /^\d+$/.test(text) ? `${text}s` : text;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(seconds)) {
    throw new InvalidArgumentError("Write a duration as 30s, 5m or 1h30m.");
  }
  const parts = seconds.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  let ms = 0;
  for (const [, value, unit] of parts) ms += Number(value) * (DURATION_MS[unit ?? ""] ?? 0);
  return Math.round(ms);
}

/** A whole number of at least `least`. */
export function parseWhole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Give a whole number of at least ${least}.`);
  };
}

const SIZE_BYTES: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `65536`, `512K`, `4M`, `1G`, also with `iB` or `B` after the letter; powers of 1024. */
export function parseBytes(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,15})(?:([KMG])(?:i?B)?)?$/i.exec(text) ?? [];
  const bytes = Number(digits) * (SIZE_BYTES[unit.toUpperCase()] ?? Number.NaN);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError("Write a size as 65536, 512K, 4M or 1G.");
}

export function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)}${BYTE_UNITS[unit]}`;
}

export function humanDuration(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  if (seconds < 60) return `${Math.round(seconds)}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${Math.floor(seconds % 60)}s`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3_600)}h${Math.floor((seconds % 3_600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3_600)}h`;
}

/** For what is done in less than a few seconds: `84 ms`, `2.3 s`. */
export function humanMilliseconds(ms: number): string {
  return ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** @param instant RFC 3339; a text that is none is returned as it is */
export function humanAge(instant: string, now: Date): string {
  const then = Date.parse(instant);
  if (Number.isNaN(then)) return instant;
  const ms = Math.max(0, now.getTime() - then);
  return `${humanDuration(ms < 10_000 ? Math.floor(ms / 1000) * 1000 : ms).replace(".0s", "s")} ago`;
}

/** What a VM used over the last hour: fetched once, and then only what came since. */

import type { CamelKeys, VmMeters } from "@alcove/sdk/browser/index.ts";

export type Meters = CamelKeys<VmMeters>;

const HOUR_MS = 3_600_000;

/** @param more what came after the newest of `old`; what is older than an hour then falls out */
export function joined(old: Meters, more: Meters): Meters {
  const at = [...old.samples.at, ...more.samples.at];
  const newest = at.at(-1) ?? 0;
  const from = at.findIndex((time) => time > newest - HOUR_MS);
  const join = (name: Exclude<keyof Meters["samples"], "at">) =>
    [...old.samples[name], ...more.samples[name]].slice(from);
  return {
    intervalMs: more.intervalMs,
    samples: {
      at: at.slice(from),
      cpu: join("cpu"),
      memoryUsed: join("memoryUsed"),
      memoryTotal: join("memoryTotal"),
      diskUsed: join("diskUsed"),
      diskTotal: join("diskTotal"),
      diskRead: join("diskRead"),
      diskWrite: join("diskWrite"),
      netIn: join("netIn"),
      netOut: join("netOut"),
    },
  };
}

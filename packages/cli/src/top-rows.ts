/** What guests use, as rows of a table. Rates need an earlier reading of the same guest. */

import type { VmSnapshot, VmStats } from "@alcove/sdk/stats.ts";

import { humanBytes } from "./units.ts";

export interface Earlier {
  readonly stats: readonly VmStats[];
  /** how long before, in seconds */
  readonly seconds: number;
}

const NOTHING = "-";

/** name of a column, and its cell */
const COLUMNS: readonly (readonly [
  name: string,
  cell: (now: VmSnapshot, before: VmSnapshot | undefined, seconds: number) => string,
])[] = [
  ["CPUS", ({ totalCpus }) => String(totalCpus)],
  ["LOAD", ({ loadAvg1, loadAvg5 }) => `${loadAvg1.toFixed(2)} ${loadAvg5.toFixed(2)}`],
  ["MEMORY", ({ memoryUsed, totalMemory }) => share(memoryUsed, totalMemory)],
  ["DISK", ({ diskSpaceUsed, diskSpaceTotal }) => share(diskSpaceUsed, diskSpaceTotal)],
  ["READ/S", rateOf("diskReadTotal")],
  ["WRITE/S", rateOf("diskWriteTotal")],
  ["IN/S", rateOf("networkReadTotal")],
  ["OUT/S", rateOf("networkWriteTotal")],
  ["UP", ({ uptime }) => uptime.replace(/\.\d+s$/, "s")],
];

export interface TopRows {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A guest that could not be read has dashes, and the reason in the last column. */
export function topRows(stats: readonly VmStats[], earlier: Earlier | undefined): TopRows {
  const rows = stats.map(({ hostname, snapshot, error, status }) => {
    if (!snapshot) {
      return [hostname, ...COLUMNS.map(() => NOTHING), error || status || NOTHING];
    }
    const then = earlier?.stats.find((one) => one.hostname === hostname)?.snapshot ?? undefined;
    const cells = COLUMNS.map(([, cell]) => cell(snapshot, then, earlier?.seconds ?? 0));
    return [hostname, ...cells, status ?? NOTHING];
  });
  return { header: ["HOSTNAME", ...COLUMNS.map(([name]) => name), "STATUS"], rows };
}

function share(used: number, total: number): string {
  const percent = total > 0 ? Math.round((used / total) * 100) : 0;
  return `${humanBytes(used)}/${humanBytes(total)} ${percent}%`;
}

type Counter = "diskReadTotal" | "diskWriteTotal" | "networkReadTotal" | "networkWriteTotal";

/** A counter that fell is that of another boot. */
function rateOf(counter: Counter) {
  return (now: VmSnapshot, before: VmSnapshot | undefined, seconds: number): string => {
    if (!before || seconds <= 0) return NOTHING;
    const difference = now[counter] - before[counter];
    return difference >= 0 ? humanBytes(Math.round(difference / seconds)) : NOTHING;
  };
}

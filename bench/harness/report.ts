/** What a bench has found, and the same as Markdown. Pure. */

import { type MachineFacts, warningFor } from "./machine-facts.ts";
import { medianMs, type Series, worstOf } from "./series.ts";

/** One sentence that compares two rows, for example against what was to be reached. */
export interface Comparison {
  readonly says: string;
  /** with its unit, ready to be read */
  readonly value: string;
}

export interface Table {
  readonly title: string;
  readonly rows: readonly Series[];
  readonly comparisons: readonly Comparison[];
}

export interface Report {
  readonly bench: "boot" | "exec";
  readonly takenAt: string;
  readonly machine: MachineFacts;
  /** how guests ran and what they were: image, kernel, memory */
  readonly guest: string;
  readonly tables: readonly Table[];
}

export function markdownOf(report: Report): string {
  const { machine, takenAt, guest, tables } = report;
  const warning = warningFor(machine);
  return [
    `Taken ${takenAt.slice(0, 16).replace("T", " ")} UTC at commit \`${machine.commit}\`.`,
    "",
    `Host: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, ` +
      `QEMU ${machine.qemu}, Node ${machine.node}, OpenSSH ${machine.ssh}; ` +
      `load ${machine.load.join(" ")} at the start. Guest: ${guest}.`,
    ...(warning === undefined ? [] : ["", `**${warning}**`]),
    ...tables.flatMap((table) => ["", ...tableLines(table)]),
  ].join("\n");
}

function tableLines({ title, rows, comparisons }: Table): string[] {
  const withBytes = rows.some(({ bytes }) => bytes !== undefined);
  const speedHead = withBytes ? ["MiB/s", "slowest MiB/s"] : [];
  const head = ["", "median", "p99 or max", ...speedHead, "runs", "what it measures"];
  const body = rows
    .filter(({ ms }) => ms.length > 0)
    .map((row) => [row.name, ...cellsOf(row, withBytes), String(row.ms.length), row.measures]);
  return [
    `#### ${title}`,
    "",
    ...aligned([head, head.map(() => "---"), ...body]),
    ...(comparisons.length === 0 ? [] : [""]),
    ...comparisons.map(({ says, value }) => `- ${says}: **${value}**`),
  ];
}

function cellsOf({ ms, bytes }: Series, withBytes: boolean): string[] {
  const worst = worstOf(ms);
  const times = [inMs(medianMs(ms)), `${inMs(worst.ms)} (${worst.kind})`];
  if (!withBytes) return times;
  if (bytes === undefined) return [...times, "", ""];
  return [...times, speed(bytes, medianMs(ms)), speed(bytes, Math.max(...ms))];
}

/** Columns of one width each, so that the table can be read as text too. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      cell === "---" ? "-".repeat(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    return `| ${cells.join(" | ")} |`;
  });
}

/** three digits that mean something */
export function inMs(ms: number): string {
  const digits = ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return `${ms.toFixed(digits)} ms`;
}

function speed(bytes: number, ms: number): string {
  return (bytes / 2 ** 20 / (ms / 1000)).toFixed(0);
}

/** Finds rows by name and compares their medians. */
export class Comparisons {
  readonly made: Comparison[] = [];
  readonly #rows: ReadonlyMap<string, Series>;

  constructor(rows: readonly Series[]) {
    this.#rows = new Map(rows.map((row) => [row.name, row]));
  }

  /** how many times as long `slow` takes as `fast` */
  times(says: string, slow: string, fast: string): void {
    this.made.push({ says, value: `${(this.#median(slow) / this.#median(fast)).toFixed(1)} ×` });
  }

  /** what `longer` takes more than `shorter` */
  more(says: string, longer: string, shorter: string): void {
    const difference = this.#median(longer) - this.#median(shorter);
    const sign = difference < 0 ? "-" : "+";
    this.made.push({ says, value: `${sign}${inMs(Math.abs(difference))}` });
  }

  /** how much of `ceiling`'s throughput `way` reaches */
  share(says: string, way: string, ceiling: string): void {
    const percent = (this.#median(ceiling) / this.#median(way)) * 100;
    this.made.push({ says, value: `${percent.toFixed(0)} %` });
  }

  #median(name: string): number {
    const row = this.#rows.get(name);
    if (!row) throw new Error(`invariant: no row is called ${name}`);
    return medianMs(row.ms);
  }
}

/** What a bench has found, and the same as Markdown. Pure. */

import { type MachineFacts, warningFor } from "./machine-facts.ts";
import { medianMs, type Series, worstOf } from "./series.ts";

/** One sentence that compares two rows, or says what no row shows: bytes, a rate. */
export interface Comparison {
  readonly says: string;
  /** with its unit, ready to be read */
  readonly value: string;
  /** the same for programs, in `unit` */
  readonly amount: number;
  readonly unit: Unit;
  /** what was to be reached, where something was; `met` says whether it is */
  readonly goal?: Goal & { readonly met: boolean };
}

export type Unit = "×" | "ms" | "ms more" | "%" | "MiB" | "KiB" | "a minute" | "VMs";

/** in the unit of what it judges */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

export interface Table {
  readonly title: string;
  readonly rows: readonly Series[];
  readonly comparisons: readonly Comparison[];
}

export type BenchName =
  | "boot"
  | "exec"
  | "fork"
  | "suspend"
  | "throughput"
  | "density"
  | "list"
  | "console"
  | "restart";

export interface Report {
  readonly bench: BenchName;
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
    .filter(({ ms, notRun }) => ms.length > 0 || notRun !== undefined)
    .map((row) => [row.name, ...cellsOf(row, withBytes), String(row.ms.length), saidOf(row)]);
  return [
    `#### ${title}`,
    ...(body.length === 0 ? [] : ["", ...aligned([head, head.map(() => "---"), ...body])]),
    ...(comparisons.length === 0 ? [] : [""]),
    ...comparisons.map(comparisonLine),
  ];
}

function saidOf({ measures, notRun }: Series): string {
  return notRun === undefined ? measures : `not run: ${notRun}`;
}

function comparisonLine({ says, value, unit, goal }: Comparison): string {
  const line = `- ${says}: **${value}**`;
  if (goal === undefined) return line;
  const bound = "atMost" in goal ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`;
  return `${line} (to reach: ${bound} ${unit}; ${goal.met ? "reached" : "**not reached**"})`;
}

function cellsOf({ ms, bytes }: Series, withBytes: boolean): string[] {
  if (ms.length === 0) return withBytes ? ["", "", "", ""] : ["", ""];
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

/** Finds rows by name and compares their medians. A comparison with a row that was not run is left out. */
export class Comparisons {
  readonly made: Comparison[] = [];
  readonly #rows: ReadonlyMap<string, Series>;

  constructor(rows: readonly Series[]) {
    this.#rows = new Map(rows.map((row) => [row.name, row]));
  }

  /** how many times as long `slow` takes as `fast` */
  times(says: string, slow: string, fast: string, goal?: Goal): void {
    this.#compare(slow, fast, (a, b) => this.figure(says, a / b, "×", goal));
  }

  /** what `longer` takes more than `shorter` */
  more(says: string, longer: string, shorter: string, goal?: Goal): void {
    this.#compare(longer, shorter, (a, b) => this.figure(says, a - b, "ms more", goal));
  }

  /** how much of `ceiling`'s throughput `way` reaches */
  share(says: string, way: string, ceiling: string, goal?: Goal): void {
    this.#compare(ceiling, way, (a, b) => this.figure(says, (a / b) * 100, "%", goal));
  }

  /** something that no row shows */
  figure(says: string, amount: number, unit: Unit, goal?: Goal): void {
    const judged = goal && { goal: { ...goal, met: isMet(goal, amount) } };
    this.made.push({ says, value: inUnit(amount, unit), amount, unit, ...judged });
  }

  #compare(one: string, other: string, say: (a: number, b: number) => void): void {
    const [first, second] = [this.#row(one), this.#row(other)];
    if (first.ms.length === 0 || second.ms.length === 0) return;
    say(medianMs(first.ms), medianMs(second.ms));
  }

  #row(name: string): Series {
    const row = this.#rows.get(name);
    if (!row) throw new Error(`invariant: no row is called ${name}`);
    return row;
  }
}

function isMet(goal: Goal, amount: number): boolean {
  return "atMost" in goal ? amount <= goal.atMost : amount >= goal.atLeast;
}

function inUnit(amount: number, unit: Unit): string {
  if (unit === "ms") return inMs(amount);
  if (unit === "ms more") return `${amount < 0 ? "-" : "+"}${inMs(Math.abs(amount))}`;
  if (unit === "×") return `${amount.toFixed(amount < 1 ? 3 : 1)} ×`;
  if (unit === "MiB") return `${amount.toFixed(amount < 100 ? 1 : 0)} MiB`;
  return `${amount.toFixed(0)} ${unit}`;
}

/** Measurements of one thing, in `ms`, and the honest way to say what they were. */

export interface Series {
  readonly name: string;
  /** one phrase: from which moment to which, and what lies between */
  readonly measures: string;
  /** durations in the order they were taken */
  readonly ms: readonly number[];
  /** what was moved in each run, when it is a throughput that matters */
  readonly bytes?: number;
  /** why there is nothing to show: what it needs is not on this machine */
  readonly notRun?: string;
}

/** Rows that are filled while a bench runs, in the order in which they were announced. */
export class SeriesBook {
  readonly #rows = new Map<string, Series & { readonly ms: number[] }>();

  announce(row: Omit<Series, "ms" | "notRun">): void {
    this.#rows.set(row.name, { ...row, ms: [] });
  }

  /** Announces a row that stays empty. @param why one sentence: what is missing */
  announceMissing(row: Omit<Series, "ms" | "notRun">, why: string): void {
    this.#rows.set(row.name, { ...row, ms: [], notRun: why });
  }

  /** @throws for a row that was not announced */
  add(name: string, ms: number): void {
    this.#row(name).ms.push(ms);
  }

  /** @throws for a row that was not announced */
  row(name: string): Series {
    return this.#row(name);
  }

  get rows(): readonly Series[] {
    return [...this.#rows.values()];
  }

  #row(name: string): Series & { readonly ms: number[] } {
    const row = this.#rows.get(name);
    if (!row) throw new Error(`invariant: no row is called ${name}`);
    return row;
  }
}

/** with fewer runs the 99th percentile would only be another name for the slowest */
const RUNS_FOR_P99 = 100;

export interface Worst {
  readonly kind: "p99" | "max";
  readonly ms: number;
}

export function medianMs(ms: readonly number[]): number {
  const sorted = ms.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = at(sorted, Math.floor(middle));
  return Number.isInteger(middle) ? (at(sorted, middle - 1) + upper) / 2 : upper;
}

/** The 99th percentile (nearest rank), or the slowest run when there are too few for one. */
export function worstOf(ms: readonly number[]): Worst {
  const sorted = ms.toSorted((a, b) => a - b);
  if (sorted.length < RUNS_FOR_P99) return { kind: "max", ms: at(sorted, sorted.length - 1) };
  return { kind: "p99", ms: at(sorted, Math.ceil(sorted.length * 0.99) - 1) };
}

function at(sorted: readonly number[], index: number): number {
  const value = sorted[index];
  if (value === undefined) throw new Error("Nothing was measured");
  return value;
}

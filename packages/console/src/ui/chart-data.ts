/** What a chart is drawn from: times and values, with gaps where nothing was measured. */

/** one value a time; null is a gap */
export type Values = readonly (number | null)[];

/** so many intervals without a sample are a gap, not a slow round */
const GAP_INTERVALS = 3;
const KIB = 1_024;

export interface Gapped {
  /** ms since the epoch, rising */
  readonly at: readonly number[];
  readonly lines: readonly Values[];
}

/** Puts an empty moment into every stretch without samples, so that no line is drawn across it. */
export function withGaps(
  at: readonly number[],
  lines: readonly Values[],
  intervalMs: number,
): Gapped {
  const longestMs = Math.max(1, intervalMs) * GAP_INTERVALS;
  const order: (number | undefined)[] = [];
  const times: number[] = [];
  for (const [index, time] of at.entries()) {
    const before = at[index - 1];
    if (before !== undefined && time - before > longestMs) {
      times.push(before + 1);
      order.push(undefined);
    }
    times.push(time);
    order.push(index);
  }
  const pick = (values: Values) =>
    order.map((index) => (index === undefined ? null : (values[index] ?? null)));
  return { at: times, lines: lines.map(pick) };
}

/** The newest value that was measured; `undefined` when there is none. */
export function lastOf(values: Values): number | undefined {
  return values.findLast((value) => value !== null) ?? undefined;
}

/** The largest; `undefined` when nothing was measured. */
export function mostOf(values: Values): number | undefined {
  const measured = values.filter((value) => value !== null);
  return measured.length === 0 ? undefined : Math.max(...measured);
}

/** What the numbers of an axis are multiples of, so that they read well. */
export type Unit = "decimal" | "binary";

/** Per unit: of the power of the base that is just below. Halves of each read well, too. */
const ROUND: Readonly<Record<Unit, { readonly base: number; readonly by: readonly number[] }>> = {
  decimal: { base: 10, by: [1, 2, 4, 5, 6, 8, 10] },
  binary: { base: 2, by: [1, 1.5, 2] },
};

/** The top of an axis: the first round number that leaves a little room above `most`. */
export function roundTop(most: number, unit: Unit): number {
  if (most <= 0) return 1;
  const { base, by } = ROUND[unit];
  const power = base ** Math.floor(Math.log(most) / Math.log(base));
  const factor = by.find((it) => it * power >= most) ?? base;
  return factor * power;
}

/** For rates that are near nothing: the axis shows at least this much. In bytes a second */
export const LEAST_RATE: number = 16 * KIB;

/** "14:05" in this browser's time zone */
export function clock(ms: number): string {
  const date = new Date(ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

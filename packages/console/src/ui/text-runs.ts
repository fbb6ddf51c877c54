/** Stretches of a line that are not plain, in order and apart. */

export interface Run {
  readonly from: number;
  /** one behind its last character */
  readonly to: number;
  readonly classes: string;
}

/** The runs after `run` was written over them. */
export function overlay(runs: readonly Run[], run: Run): readonly Run[] {
  const last = runs.at(-1);
  const isBehind = !last || last.to <= run.from;
  const rest = isBehind ? runs : blank(runs, run.from, run.to);
  if (run.classes === "" || run.from === run.to) return rest;
  if (!isBehind) return [...rest, run].toSorted((one, other) => one.from - other.from);
  if (last?.to === run.from && last.classes === run.classes)
    return [...runs.slice(0, -1), { ...last, to: run.to }];
  return [...runs, run];
}

/** The runs without what they say of `from` to `to`. */
export function blank(runs: readonly Run[], from: number, to: number): readonly Run[] {
  return runs.flatMap((run) => {
    if (run.to <= from || run.from >= to) return [run];
    const before = { ...run, to: from };
    const behind = { ...run, from: to };
    return [before, behind].filter((it) => it.from < it.to);
  });
}

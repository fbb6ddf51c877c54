/** Which row a key goes to. */

export interface RowRange {
  readonly count: number;
  /** rows that can be seen at a time */
  readonly page: number;
}

/** @returns the row, from 0; `undefined` for a key that goes nowhere */
export function moved(key: string, from: number, { count, page }: RowRange): number | undefined {
  const to: Readonly<Record<string, number>> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: count - 1,
  };
  const row = to[key];
  return row === undefined ? undefined : Math.max(0, Math.min(count - 1, row));
}

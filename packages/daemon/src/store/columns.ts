/** Reads columns of a row, and says which one is damaged. */

import type { Row } from "./db.ts";

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new Error(`The database is damaged: column ${column} holds no text`);
}

export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw new Error(`The database is damaged: column ${column} holds no number`);
}

export function oneOf<T extends string>(row: Row, column: string, allowed: readonly T[]): T {
  const value = text(row, column);
  const known = allowed.find((it) => it === value);
  if (known !== undefined) return known;
  throw new Error(
    `The database holds the ${column} "${value}", which this version of Alcove does not know`,
  );
}

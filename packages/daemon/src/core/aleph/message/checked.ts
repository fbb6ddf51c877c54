/** A whole document, checked. Pure. */

import { SchemaProblems, type SchemaProblem } from "./schema-problems.ts";
import { Spot } from "./spot.ts";

/** Reads a whole document. @throws SchemaProblems */
export function checked<T>(value: unknown, read: (spot: Spot) => T): T {
  const problems: SchemaProblem[] = [];
  const result = read(new Spot(value, [], problems));
  if (problems.length > 0) throw new SchemaProblems(problems);
  return result;
}

/**
 * One value at its place in a document that is being checked, in pydantic's lax mode: what is wrong is noted, and
 * reading goes on with something harmless, so that all problems are found at once. Pure.
 */

import { notAHash, parseItemHash, type ItemHash } from "../item-hash.ts";
import { isObject, laxFlag, laxNumber, wordsOf } from "./lax-values.ts";
import { MAX_PROBLEMS, type Loc, type SchemaProblem } from "./schema-problems.ts";

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** said in place of `min`, where the network's own rule is written so */
  readonly above?: number;
}

/** what stands in for a hash that is none; never leaves the check, which throws then */
const NO_HASH = hashOrThrow("0".repeat(64));

export class Spot {
  readonly value: unknown;
  readonly loc: Loc;
  readonly #problems: SchemaProblem[];

  constructor(value: unknown, loc: Loc, problems: SchemaProblem[]) {
    this.value = value;
    this.loc = loc;
    this.#problems = problems;
  }

  note(type: string, msg: string, ctx?: Readonly<Record<string, unknown>>): void {
    if (this.#problems.length >= MAX_PROBLEMS) return;
    const problem = { type, loc: this.loc, msg, input: this.value };
    this.#problems.push(ctx ? { ...problem, ctx } : problem);
  }

  /** something that no rule of pydantic's own says */
  complain(error: string): void {
    this.note("value_error", `Value error, ${error}`, { error });
  }

  /** A value further in. */
  inner(key: string | number, value: unknown): Spot {
    return new Spot(value, [...this.loc, key], this.#problems);
  }

  /** One that is not there and should be. */
  absent(key: string): Spot {
    this.inner(key, this.value).note("missing", "Field required");
    return this.silent(key);
  }

  /** One that nothing is noted of. */
  silent(key: string): Spot {
    return new Spot(undefined, [...this.loc, key], []);
  }

  /** @param max characters */
  text(max: number): string {
    if (typeof this.value !== "string") {
      this.note("string_type", "Input should be a valid string");
      return "";
    }
    if (this.value.length > max) {
      const msg = `String should have at most ${max} characters`;
      this.note("string_too_long", msg, { max_length: max });
    }
    return this.value;
  }

  integer(bounds: Bounds): number {
    const number = this.#asNumber("int", "integer");
    if (number === undefined) return bounds.min;
    if (!Number.isInteger(number)) {
      const msg = "Input should be a valid integer, got a number with a fractional part";
      this.note("int_from_float", msg);
      return bounds.min;
    }
    return this.#within(number, bounds);
  }

  number(bounds: Bounds): number {
    const number = this.#asNumber("float", "number");
    return number === undefined ? bounds.min : this.#within(number, bounds);
  }

  flag(): boolean {
    const flag = laxFlag(this.value);
    if (typeof flag === "boolean") return flag;
    if (flag === "unparsable") {
      this.note("bool_parsing", "Input should be a valid boolean, unable to interpret input");
    } else this.note("bool_type", "Input should be a valid boolean");
    return false;
  }

  choice<const T extends string>(values: readonly [T, ...T[]], type = "enum"): T {
    const found = values.find((one) => one === this.value);
    if (found !== undefined) return found;
    const expected = wordsOf(values);
    this.note(type, `Input should be ${expected}`, { expected });
    return values[0];
  }

  hash(): ItemHash {
    if (typeof this.value !== "string") {
      this.note("string_type", "Input should be a valid string");
      return NO_HASH;
    }
    const hash = parseItemHash(this.value);
    if (hash === undefined) this.complain(notAHash(this.value));
    return hash ?? NO_HASH;
  }

  list<T>(max: number, each: (spot: Spot, index: number) => T, kind: "list" | "set" = "list"): T[] {
    const { value } = this;
    if (!Array.isArray(value)) {
      this.note(`${kind}_type`, `Input should be a valid ${kind}`);
      return [];
    }
    if (value.length > max) {
      this.#tooLong(kind === "list" ? "List" : "Set", max, value.length);
      return [];
    }
    return value.map((item: unknown, index) => each(this.inner(index, item), index));
  }

  /** An object with keys of its own choice. @param each reads one value; @returns own properties only */
  dictionary<T>(max: number, each: (spot: Spot, key: string) => T): Readonly<Record<string, T>> {
    const { value } = this;
    if (!isObject(value)) {
      this.note("dict_type", "Input should be a valid dictionary");
      return {};
    }
    const entries = Object.entries(value);
    if (entries.length > max) {
      this.#tooLong("Dictionary", max, entries.length);
      return {};
    }
    return Object.fromEntries(
      entries.map(([key, one]): [string, T] => [key, each(this.inner(key, one), key)]),
    );
  }

  /** The first reading that finds nothing wrong; when none does, the problems of all, below their names. */
  firstOf<T>(readings: readonly [Reading<T>, ...Reading<T>[]]): T {
    const found: SchemaProblem[] = [];
    for (const [name, read] of readings) {
      const problems: SchemaProblem[] = [];
      const result = read(new Spot(this.value, [...this.loc, name], problems));
      if (problems.length === 0) return result;
      found.push(...problems);
    }
    this.#problems.push(...found.slice(0, MAX_PROBLEMS - this.#problems.length));
    return readings[0][1](new Spot(this.value, this.loc, []));
  }

  #asNumber(type: "int" | "float", word: string): number | undefined {
    const number = laxNumber(this.value);
    if (typeof number === "number") return number;
    if (number === "unparsable") {
      const kind = type === "int" ? "an integer" : "a number";
      const msg = `Input should be a valid ${word}, unable to parse string as ${kind}`;
      this.note(`${type}_parsing`, msg);
    } else this.note(`${type}_type`, `Input should be a valid ${word}`);
    return undefined;
  }

  #within(number: number, { min, max, above }: Bounds): number {
    if (above !== undefined && number <= above) {
      this.note("greater_than", `Input should be greater than ${above}`, { gt: above });
    } else if (number < min) {
      const msg = `Input should be greater than or equal to ${min}`;
      this.note("greater_than_equal", msg, { ge: min });
    } else if (number > max) {
      const msg = `Input should be less than or equal to ${max}`;
      this.note("less_than_equal", msg, { le: max });
    }
    return number;
  }

  #tooLong(field: string, max: number, actual: number): void {
    const msg = `${field} should have at most ${max} items after validation, not ${actual}`;
    this.note("too_long", msg, { field_type: field, max_length: max, actual_length: actual });
  }
}

/** a shape that a value may have, by pydantic's name of it */
export type Reading<T> = readonly [name: string, read: (spot: Spot) => T];

function hashOrThrow(text: string): ItemHash {
  const hash = parseItemHash(text);
  if (hash === undefined) throw new Error("invariant: sixty-four zeros are a hash");
  return hash;
}

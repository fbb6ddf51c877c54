/**
 * Reads JSON as a strictly typed client does (contract 1.4): RFC 3339 times or none, integers
 * without a fraction or exponent, lists that are lists. What is not named must not be there.
 */

import assert from "node:assert/strict";

/** @returns what is wrong, or `undefined` */
export type Check = (value: unknown) => string | undefined;

/** A number that is not written as an integer. */
class Fraction {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

export const text: Check = (value) => (typeof value === "string" ? undefined : "is no text");

export const filled: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "is no text, or empty";

export const flag: Check = (value) => (typeof value === "boolean" ? undefined : "is no boolean");

export const count: Check = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? undefined
    : "is no whole number from 0";

export const decimal: Check = (value) =>
  typeof value === "number" || value instanceof Fraction ? undefined : "is no number";

export const time: Check = (value) =>
  typeof value === "string" && RFC_3339.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : "is no RFC 3339 time";

export function exactly(wanted: string | number | boolean): Check {
  return (value) => (value === wanted ? undefined : `is not ${JSON.stringify(wanted)}`);
}

export function matching(pattern: RegExp): Check {
  return (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : `does not match ${pattern}`;
}

export function list(of: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return "is no list";
    return first(value.map((item, index) => at(`[${index}]`, of(item))));
  };
}

/** may be absent, but not null or empty */
export function maybe(check: Check): Check {
  return (value) => (value === undefined ? undefined : check(value));
}

export function shape(fields: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no object";
    const given = new Map<string, unknown>(Object.entries(value));
    const unknown = [...given.keys()].filter((name) => !Object.hasOwn(fields, name));
    if (unknown.length > 0) return `has unexpected ${unknown.join(", ")}`;
    return first(
      Object.entries(fields).map(([name, check]) => at(`.${name}`, check(given.get(name)))),
    );
  };
}

/** Fails unless the body is what a strict client accepts. */
export function assertStrict(body: string, check: Check): void {
  const problem = check(strictValue(body));
  assert.equal(problem, undefined, `${problem}, in ${body.slice(0, 500)}`);
}

function strictValue(body: string): unknown {
  return JSON.parse(body, withSource);
}

function withSource(_key: string, value: unknown, ...[context]: unknown[]): unknown {
  if (typeof value !== "number") return value;
  const source = sourceOf(context);
  return /^-?\d+$/.test(source) ? value : new Fraction(source);
}

function sourceOf(context: unknown): string {
  if (typeof context === "object" && context !== null && "source" in context) {
    return String(context.source);
  }
  throw new Error("This Node does not show how a number was written");
}

function at(place: string, problem: string | undefined): string | undefined {
  if (problem === undefined) return undefined;
  return /^[.[]/.test(problem) ? `${place}${problem}` : `${place} ${problem}`;
}

function first(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

/**
 * Reading JSON that a guest wrote: every field is checked for kind and bounds,
 * every string is stripped of control characters, and anything unexpected is a
 * `BrokenStream`. Unknown fields are ignored, as the protocol says.
 */

import { printable } from "#lib/text.ts";

import { BrokenStream, MAX_PAYLOAD_BYTES } from "./frames.ts";

/** levels of objects and arrays */
const MAX_JSON_DEPTH = 16;
/** what a `Date` can hold, in `ms` */
const LAST_INSTANT_MS = 8.64e15;
const LAST_INSTANT_NS = 8_640_000_000_000_000_000_000n;

/** A JSON object from outside: fields are read through the functions of this file only. */
export type Fields = Readonly<Record<string, unknown>>;

/** @param maxBytes what a frame can carry, unless it came in pieces */
export function parseFields(payload: Uint8Array, maxBytes = MAX_PAYLOAD_BYTES): Fields {
  if (payload.length > maxBytes) throw new BrokenStream("JSON over the limit");
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  const value = parsed(text);
  if (!isFields(value)) throw new BrokenStream("JSON that is not an object");
  if (!isShallow(value, MAX_JSON_DEPTH)) throw new BrokenStream("JSON nested too deeply");
  return value;
}

/** an object of a field that has to be there */
export function fieldsOf(from: Fields, name: string): Fields {
  const value = own(from, name);
  if (!isFields(value)) throw wrong(name, "an object");
  return value;
}

/** @param maxChars more than this is refused, not cut */
export function textOf(from: Fields, name: string, maxChars: number): string {
  return oneLine(verbatimOf(from, name, maxChars), maxChars);
}

/** As `textOf`, but every character as the guest has it, for names that are used to ask for it again. */
export function verbatimOf(from: Fields, name: string, maxChars: number): string {
  const value = own(from, name);
  if (typeof value !== "string" || value.length > maxChars) {
    throw wrong(name, `a string of at most ${maxChars} characters`);
  }
  return value;
}

/** a finite number, not below zero; precise only up to 2^53 */
export function numberOf(from: Fields, name: string): number {
  const value = own(from, name);
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw wrong(name, "a number that is not negative");
  }
  return value;
}

/** a safe integer between 0 and `max` */
export function countOf(from: Fields, name: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = own(from, name);
  if (!Number.isSafeInteger(value) || typeof value !== "number" || value < 0 || value > max) {
    throw wrong(name, `an integer from 0 to ${max}`);
  }
  return value;
}

export function flagOf(from: Fields, name: string): boolean {
  const value = own(from, name);
  if (typeof value !== "boolean") throw wrong(name, "true or false");
  return value;
}

export function oneOf<T extends string>(from: Fields, name: string, words: readonly T[]): T {
  const value = own(from, name);
  const word = words.find((one) => one === value);
  if (word === undefined) throw wrong(name, `one of ${words.join(", ")}`);
  return word;
}

export interface ListBounds {
  readonly items: number;
  readonly chars: number;
}

export function textsOf(from: Fields, name: string, most: ListBounds): readonly string[] {
  return verbatimsOf(from, name, most).map((item) => oneLine(item, most.chars));
}

/** As `textsOf`, but every character as the guest has it. */
export function verbatimsOf(from: Fields, name: string, most: ListBounds): readonly string[] {
  const value = own(from, name);
  if (!Array.isArray(value) || value.length > most.items) {
    throw wrong(name, `a list of at most ${most.items}`);
  }
  return value.map((item: unknown) => {
    if (typeof item !== "string" || item.length > most.chars) throw wrong(name, "a list of words");
    return item;
  });
}

/** a size of a file: one that claims more than a number holds exactly is as good as the largest */
export function sizeOf(from: Fields, name: string): number {
  return Math.min(Math.floor(numberOf(from, name)), Number.MAX_SAFE_INTEGER);
}

/** nanoseconds since 1970, as text because they do not fit a JSON number */
export function instantOf(from: Fields, name: string): Date {
  const text = textOf(from, name, 20);
  if (!/^\d{1,20}$/.test(text)) throw wrong(name, "a time");
  const ms = Number(BigInt(text) / 1_000_000n);
  if (ms > LAST_INSTANT_MS) throw wrong(name, "a time that a calendar knows");
  return new Date(ms);
}

/** As `instantOf`, of files, which may claim any time: what no `Date` can hold becomes the nearest that one can. */
export function nanosecondsOf(from: Fields, name: string): bigint {
  const text = verbatimOf(from, name, 40);
  if (!/^-?\d{1,39}$/.test(text)) throw wrong(name, "a time");
  const ns = BigInt(text);
  if (ns > LAST_INSTANT_NS) return LAST_INSTANT_NS;
  return ns < -LAST_INSTANT_NS ? -LAST_INSTANT_NS : ns;
}

export function has(from: Fields, name: string): boolean {
  const value = own(from, name);
  return value !== undefined && value !== null;
}

/** Control characters gone, line ends turned into blanks; cut to `maxChars`. */
export function oneLine(text: string, maxChars: number): string {
  return printable(text.slice(0, maxChars).replaceAll(/[\t\n]+/g, " "), maxChars);
}

function own(from: Fields, name: string): unknown {
  return Object.hasOwn(from, name) ? from[name] : undefined;
}

function wrong(name: string, expected: string): BrokenStream {
  return new BrokenStream(`the agent's "${name}" is not ${expected}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new BrokenStream("JSON that cannot be parsed", { cause });
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return false;
  return Object.values(value).every((item) => isShallow(item, levels - 1));
}

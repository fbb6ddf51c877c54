/** Reads `ALEPH_VM_*` settings as the network's own orchestrator has them: names in any case, lists as JSON. */

import path from "node:path";

import { WITHOUT_COUNTERPART } from "./aleph-names.ts";
import { didYouMean } from "./nearest.ts";
import { type Environment, SettingsReader } from "./settings-reader.ts";

export const PREFIX = "ALEPH_VM_";

const YES = /^(?:true|t|yes|y|on|1)$/i;
const NO = /^(?:false|f|no|n|off|0)$/i;

/** names here are without the prefix */
export class AlephReader {
  readonly #read: SettingsReader;
  readonly #given: ReadonlyMap<string, string>;
  readonly #shown: Record<string, unknown> = {};

  constructor(env: Environment) {
    const named = alephNames(env);
    this.#given = named;
    const upper = Array.from(named, ([name, value]) => [PREFIX + name, value] as const);
    this.#read = new SettingsReader(Object.fromEntries(upper), new Set());
  }

  /** what was read so far, and what was given and is not used, as it is shown to the node's operator */
  get shown(): Readonly<Record<string, unknown>> {
    const idle = Object.keys(WITHOUT_COUNTERPART).map(
      (name) => [name, this.#given.get(name) ?? null] as const,
    );
    return { ...this.#shown, ...Object.fromEntries(idle), SENTRY_DSN: null };
  }

  isSet(name: string): boolean {
    return (this.#given.get(name) ?? "") !== "";
  }

  text(name: string, byDefault: string): string {
    return this.#show(name, this.#read.text(PREFIX + name, byDefault));
  }

  /** @param shape what the pattern allows, in words */
  shaped(name: string, byDefault: string, [pattern, shape]: readonly [RegExp, string]): string {
    return this.#show(name, this.#read.shaped(PREFIX + name, byDefault, pattern, shape));
  }

  /** `undefined` when it is not set */
  optional(name: string, [pattern, shape]: readonly [RegExp, string] = [/^/, ""]) {
    if (!this.isSet(name)) return this.#show<string | undefined>(name, undefined);
    return this.#show(name, this.#read.shaped(PREFIX + name, "", pattern, shape));
  }

  /** never shown in full */
  secret(name: string, [pattern, shape]: readonly [RegExp, string]): string | undefined {
    const value = this.optional(name, [pattern, shape]);
    this.#show(name, value === undefined ? undefined : "[redacted]");
    return value;
  }

  directory(name: string, byDefault: string): string {
    return this.#show(name, path.resolve(this.#read.text(PREFIX + name, byDefault)));
  }

  oneOf<T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    return this.#show(name, this.#read.oneOf(PREFIX + name, allowed));
  }

  integer(name: string, byDefault: number, range: readonly [number, number]): number {
    return this.#show(name, this.#read.integer(PREFIX + name, byDefault, range));
  }

  decimal(name: string, byDefault: number, range: readonly [number, number]): number {
    return this.#show(name, this.#read.decimal(PREFIX + name, byDefault, range));
  }

  boolean(name: string, byDefault: boolean): boolean {
    const value = this.#read.text(PREFIX + name, String(byDefault));
    if (!YES.test(value) && !NO.test(value)) {
      this.#read.problem(`${PREFIX}${name} is "${value}"; it may be true or false`);
    }
    return this.#show(name, YES.test(value));
  }

  /** a JSON list of texts; a bare text is a list of one */
  list(name: string, byDefault: readonly string[] = []): readonly string[] {
    const text = this.#read.text(PREFIX + name, JSON.stringify(byDefault));
    return this.#show(name, text.startsWith("[") ? this.#listIn(name, text) : text.split(/[\s,]+/));
  }

  warning(text: string): void {
    this.#read.warning(text);
  }

  /** @returns what is wrong, and a warning for each name that nobody reads */
  finish(): { readonly problems: readonly string[]; readonly warnings: readonly string[] } {
    const known = new Set([...Object.keys(this.#shown), ...Object.keys(WITHOUT_COUNTERPART)]);
    const idle = Array.from(this.#given.keys())
      .filter((name) => !(name in this.#shown))
      .map((name) => whyIdle(name, known));
    return { problems: this.#read.finish(), warnings: [...this.#read.warnings, ...idle] };
  }

  #listIn(name: string, text: string): readonly string[] {
    const value = jsonOrNothing(text);
    if (Array.isArray(value) && value.every((it) => typeof it === "string")) return value;
    this.#read.problem(`${PREFIX}${name} must be a JSON list of texts, such as ["a", "b"]`);
    return [];
  }

  #show<T>(name: string, value: T): T {
    this.#shown[name] = value ?? null;
    return value;
  }
}

/** whether somebody has set any of them, by name without the prefix in capitals */
export function alephNames(env: Environment): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const upper = name.toUpperCase();
    if (upper.startsWith(PREFIX)) found.set(upper.slice(PREFIX.length), value ?? "");
  }
  return found;
}

function whyIdle(name: string, known: Iterable<string>): string {
  const why = WITHOUT_COUNTERPART[name];
  if (why === undefined) {
    return `${PREFIX}${name} is not a setting of an Aleph node, and is not used${didYouMean(name, known)}`;
  }
  return `${PREFIX}${name} does nothing here${why === "" ? "" : `: ${why}`}`;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

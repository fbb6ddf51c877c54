/** Reads settings one by one and remembers what was wrong with them, to say it all at once. */

import { didYouMean } from "./nearest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export class SettingsReader {
  readonly #env: Environment;
  readonly #foreign: ReadonlySet<string>;
  readonly #known = new Set<string>();
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];

  /** @param foreign names with our prefix that somebody else reads */
  constructor(env: Environment, foreign: ReadonlySet<string>) {
    this.#env = env;
    this.#foreign = foreign;
  }

  plain(name: string): string | undefined {
    return this.#env[name];
  }

  text(name: string, byDefault: string): string {
    this.#known.add(name);
    const value = this.#env[name];
    return value === undefined || value === "" ? byDefault : value;
  }

  /** @param shape what the pattern allows, in words */
  shaped(name: string, byDefault: string, pattern: RegExp, shape: string): string {
    const value = this.text(name, byDefault);
    if (!pattern.test(value)) this.#problems.push(`${name} is "${value}"; it must be ${shape}`);
    return value;
  }

  /** the first of `allowed` is the default */
  oneOf<T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const value = this.text(name, allowed[0]);
    const found = allowed.find((it) => it === value);
    if (found === undefined)
      this.#problems.push(`${name} is "${value}"; it may be ${allowed.join(" or ")}`);
    return found ?? allowed[0];
  }

  integer(name: string, byDefault: number, range: readonly [number, number]): number {
    const value = this.decimal(name, byDefault, range);
    if (Number.isFinite(value) && !Number.isInteger(value))
      this.#problems.push(`${name} must be a whole number`);
    return value;
  }

  decimal(name: string, byDefault: number, [least, most]: readonly [number, number]): number {
    const text = this.text(name, String(byDefault));
    const value = Number(text);
    if (!(value >= least && value <= most)) {
      this.#problems.push(`${name} is "${text}"; it must be a number from ${least} to ${most}`);
    }
    return value;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  warning(text: string): void {
    this.#warnings.push(text);
  }

  /** what was said so far */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Whether somebody has set it, to more than nothing. */
  isSet(name: string): boolean {
    this.#known.add(name);
    return this.plain(name) !== undefined && this.plain(name) !== "";
  }

  /** @returns everything that was wrong, unknown names among it */
  finish(): readonly string[] {
    for (const name of Object.keys(this.#env)) {
      if (name.startsWith("ALCOVE_") && !this.#known.has(name) && !this.#foreign.has(name)) {
        this.#problems.push(`${name} is not a setting${didYouMean(name, this.#known)}`);
      }
    }
    return this.#problems;
  }
}

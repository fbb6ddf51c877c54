/** An object with named fields that is being checked: what it has to have, may have, and must not have. Pure. */

import { isObject } from "./lax-values.ts";
import type { Spot } from "./spot.ts";

export interface FormRules<T> {
  /** name of the model, as errors call it */
  readonly name: string;
  /** what becomes of keys that nobody asked for */
  readonly extra: "refuse" | "ignore";
  readonly read: (form: Form) => T;
}

/** Reads an object's fields; for what is no object, that is noted and nothing else. */
export function readForm<T>(spot: Spot, { name, extra, read }: FormRules<T>): T {
  if (!isObject(spot.value)) {
    const msg = `Input should be a valid dictionary or instance of ${name}`;
    spot.note("model_type", msg, { class_name: name });
  }
  const form = new Form(spot);
  const result = read(form);
  if (extra === "refuse") form.refuseUnread();
  return result;
}

export class Form {
  readonly spot: Spot;
  readonly #members: Readonly<Record<string, unknown>> | undefined;
  readonly #read = new Set<string>();

  constructor(spot: Spot) {
    this.spot = spot;
    this.#members = isObject(spot.value) ? spot.value : undefined;
  }

  /** A field that has to be there; `null` is left to its reader. */
  required(key: string): Spot {
    const spot = this.given(key);
    if (spot) return spot;
    // In what is no object nothing is missing: that it is none was said already.
    return this.#members ? this.spot.absent(key) : this.spot.silent(key);
  }

  /** A field that may be left out, but not be `null`. @returns `undefined` when it is left out */
  given(key: string): Spot | undefined {
    this.#read.add(key);
    if (!this.#members || !Object.hasOwn(this.#members, key)) return undefined;
    return this.spot.inner(key, this.#members[key]);
  }

  /** A field that may be left out or `null`. @returns `undefined` then */
  optional(key: string): Spot | undefined {
    const spot = this.given(key);
    return spot?.value === null ? undefined : spot;
  }

  /** Says that these keys are known, and their values of no interest. */
  skip(...keys: readonly string[]): void {
    for (const key of keys) this.#read.add(key);
  }

  refuseUnread(): void {
    for (const [key, value] of Object.entries(this.#members ?? {})) {
      if (this.#read.has(key)) continue;
      this.spot.inner(key, value).note("extra_forbidden", "Extra inputs are not permitted");
    }
  }
}

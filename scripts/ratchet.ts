/**
 * The ratchet: eight numbers that may fall and not rise.
 *
 *     npm run ratchet                                    compare with ratchet.json
 *     npm run ratchet -- --update                        keep what fell
 *     npm run ratchet -- --update --allow-growth "why"   also let grow, the reason is kept
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measure } from "./ratchet-measure.ts";
import type { Numbers } from "./ratchet-measure.ts";

export interface Ratchet {
  readonly numbers: Numbers;
  /** each growth that was let through, oldest first */
  readonly growth: readonly { readonly what: string; readonly reason: string }[];
}

export interface Change {
  readonly name: keyof Numbers;
  readonly kept: number;
  readonly now: number;
}

/** @returns the numbers that differ, in the order of the file */
export function changes(kept: Numbers, now: Numbers): Change[] {
  return namesOf(now)
    .map((name) => ({ name, kept: kept[name], now: now[name] }))
    .filter((change) => change.kept !== change.now);
}

/** @returns what to commit; without a reason a number that grew stays as it was kept */
export function update(ratchet: Ratchet, now: Numbers, reason: string | undefined): Ratchet {
  const numbers = { ...ratchet.numbers };
  const grown = [];
  for (const change of changes(ratchet.numbers, now)) {
    const grew = change.now > change.kept;
    if (grew && reason === undefined) continue;
    if (grew) grown.push(`${change.name} ${change.kept} → ${change.now}`);
    numbers[change.name] = change.now;
  }
  const entry = { what: grown.join(", "), reason: reason ?? "" };
  return { numbers, growth: grown.length > 0 ? [...ratchet.growth, entry] : ratchet.growth };
}

function namesOf(numbers: Numbers): (keyof Numbers)[] {
  const known: Record<keyof Numbers, true> = {
    longestFile: true,
    longestFunction: true,
    filesOver200Lines: true,
    casts: true,
    disables: true,
    anys: true,
    skippedTests: true,
    directDependencies: true,
  };
  const isKnown = (name: string): name is keyof Numbers => name in known;
  return Object.keys(numbers).filter(isKnown);
}

function main(): void {
  const { values } = parseArgs({
    options: { update: { type: "boolean" }, "allow-growth": { type: "string" } },
  });
  const root = join(import.meta.dirname, "..");
  const file = join(root, "ratchet.json");
  const kept: Ratchet = JSON.parse(readFileSync(file, "utf8"));
  const now = measure(root);
  const next = values.update === true ? update(kept, now, values["allow-growth"]) : kept;
  if (values.update === true) writeFileSync(file, `${JSON.stringify(next, null, 2)}\n`);
  const left = changes(next.numbers, now);
  for (const change of left) {
    const verdict = change.now > change.kept ? "GREW" : "fell (npm run ratchet -- --update)";
    console.log(`${change.name}: ${change.kept} → ${change.now} ${verdict}`);
  }
  const grew = left.filter((change) => change.now > change.kept);
  console.log(`ratchet: ${grew.length} of 8 numbers grew`);
  process.exitCode = grew.length > 0 ? 1 : 0;
}

if (import.meta.main) main();

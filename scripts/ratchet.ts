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
import { measure, measureFiles } from "./ratchet-measure.ts";
import type { FileNumbers, MeasuredFile, Numbers } from "./ratchet-measure.ts";

/** how many files are named under a number that grew */
const SHOWN_FILES = 5;

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
  return Object.keys(numbers).filter(isNumber);
}

function isNumber(name: string): name is keyof Numbers {
  return name in MADE_OF;
}

/** Which figure of a file makes a number, and whether tests count. */
const MADE_OF: Record<keyof Numbers, { of: keyof FileNumbers; inTests: boolean } | undefined> = {
  longestFile: { of: "lines", inTests: false },
  longestFunction: { of: "longestFunction", inTests: false },
  filesOver200Lines: { of: "lines", inTests: false },
  casts: { of: "casts", inTests: true },
  disables: { of: "disables", inTests: true },
  anys: { of: "anys", inTests: true },
  skippedTests: { of: "skips", inTests: true },
  directDependencies: undefined,
};

/** @returns a line for each of the files that add most to a number, the worst first */
function worst(name: keyof Numbers, files: readonly MeasuredFile[]): string[] {
  const made = MADE_OF[name];
  if (made === undefined) return [];
  return files
    .filter((file) => file[made.of] > 0 && (made.inTests || !file.isTest))
    .toSorted((a, b) => b[made.of] - a[made.of])
    .slice(0, SHOWN_FILES)
    .map((file) => `    ${file[made.of]} in ${file.path}`);
}

function main(): void {
  const { values } = parseArgs({
    options: { update: { type: "boolean" }, "allow-growth": { type: "string" } },
  });
  const root = join(import.meta.dirname, "..");
  const file = join(root, "ratchet.json");
  const kept: Ratchet = JSON.parse(readFileSync(file, "utf8"));
  const files = measureFiles(root);
  const now = measure(root, files);
  const next = values.update === true ? update(kept, now, values["allow-growth"]) : kept;
  if (values.update === true) writeFileSync(file, `${JSON.stringify(next, null, 2)}\n`);
  const left = changes(next.numbers, now);
  for (const change of left) {
    const verdict = change.now > change.kept ? "GREW" : "fell (npm run ratchet -- --update)";
    console.log(`${change.name}: ${change.kept} → ${change.now} ${verdict}`);
    if (change.now > change.kept) for (const line of worst(change.name, files)) console.log(line);
  }
  const grew = left.filter((change) => change.now > change.kept);
  console.log(`ratchet: ${grew.length} of 8 numbers grew`);
  process.exitCode = grew.length > 0 ? 1 : 0;
}

if (import.meta.main) main();

/**
 * Runs the import rules of `.dependency-cruiser.cjs` and proves that they were run.
 *
 * The checker reports "no violations" when it could not read a single file, so
 * what it read is compared with what lies on disk: fewer is a failure.
 *
 *     node scripts/rooms-check.ts [ROOT]
 */

import { join, resolve } from "node:path";
import { runCommand } from "./command.ts";
import { sourceFiles } from "./source-files.ts";

const never = new AbortController().signal;

export interface RoomsVerdict {
  /** TypeScript files of packages/ on disk */
  readonly onDisk: number;
  /** those that the checker read */
  readonly read: number;
  readonly missed: readonly string[];
  readonly violations: readonly {
    readonly rule: string;
    readonly from: string;
    readonly to: string;
  }[];
}

interface CruiseReport {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** @throws when the checker itself fails: a rule it does not understand, a file it cannot parse */
export async function checkRooms(root: string): Promise<RoomsVerdict> {
  const sources = sourceFiles(root, ["packages"]);
  const report = sources.length === 0 ? undefined : await cruise(root);
  const seen = new Set(report?.modules.map(({ source }) => source));
  const missed = sources.filter((path) => !seen.has(path));
  const violations = (report?.summary.violations ?? []).map(({ rule, from, to }) => ({
    rule: rule.name,
    from,
    to,
  }));
  return { onDisk: sources.length, read: sources.length - missed.length, missed, violations };
}

async function cruise(root: string): Promise<CruiseReport> {
  const args = [
    "--import",
    join(import.meta.dirname, "typescript-6-for-rooms.mjs"),
    join(import.meta.dirname, "../node_modules/.bin/depcruise"),
    "packages",
    "--config",
    ".dependency-cruiser.cjs",
    "--output-type",
    "json",
  ];
  const end = await runCommand({ file: process.execPath, args, cwd: root }, never);
  try {
    // The shape is dependency-cruiser's published one; a report without it fails right here.
    const report: CruiseReport = JSON.parse(end.stdout);
    return report;
  } catch (cause) {
    throw new Error(`dependency-cruiser failed (${end.code}):\n${end.output}`, { cause });
  }
}

async function main(): Promise<void> {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
  const { onDisk, read, missed, violations } = await checkRooms(root);
  for (const { rule, from, to } of violations) console.log(`${rule}: ${from} → ${to}`);
  for (const path of missed) console.log(`not read: ${path}`);
  console.log(`rooms: ${read} of ${onDisk} files read, ${violations.length} violations`);
  if (missed.length + violations.length > 0) {
    console.log("The rules and their reasons: docs/rooms.md");
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();

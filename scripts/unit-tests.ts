/**
 * The unit tests: everything but `e2e/` and the slow ones. Run by `npm run check` on its own,
 * and by `npm test` with the rest.
 */

import { join } from "node:path";
import { runNodeTests } from "./node-tests.ts";
import { slowTestFiles, unitTestFiles } from "./source-files.ts";
import { mustHaveRun, summary } from "./tally.ts";
import { groupsOf } from "./test-groups.ts";
import type { Tally } from "./tally.ts";

const LIMITS = { timeoutMs: 60_000, deadlineMs: 4 * 60_000 } as const;

/** more than the cores of a small machine: many tests wait rather than work */
const PROCESSES = 6;
const SLOW_AT_ONCE = 3;

export async function unitTests(root: string, signal: AbortSignal): Promise<Tally> {
  // Without this a third of the time goes into compiling the same sources again.
  process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/node");
  const files = unitTestFiles(root);
  // A process for each file would take twice the time: most of it to load the same sources.
  using groups = groupsOf(root, files, PROCESSES);
  const tests = { title: "unit tests", root, files, entries: groups.entries, ...LIMITS };
  return await runNodeTests({ ...tests, concurrency: PROCESSES, verbose: false }, signal);
}

export async function slowTests(root: string, signal: AbortSignal): Promise<Tally> {
  const files = slowTestFiles(root);
  const tests = { title: "slow tests", root, files, ...LIMITS };
  return runNodeTests({ ...tests, concurrency: SLOW_AT_ONCE, verbose: false }, signal);
}

if (import.meta.main) {
  const never = new AbortController().signal;
  const tally = mustHaveRun(await unitTests(join(import.meta.dirname, ".."), never));
  for (const skip of tally.skips) console.log(`skipped: ${skip}`);
  for (const failure of tally.failures) console.log(`failed: ${failure}`);
  console.log(summary([tally]));
  process.exitCode = tally.failures.length > 0 ? 1 : 0;
}

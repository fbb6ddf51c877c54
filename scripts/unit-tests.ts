/**
 * The unit tests: everything but `e2e/` and the tests that start our programs. Run by `npm run check` on its own,
 * and by `npm test` with the rest.
 */

import { join } from "node:path";
import { runNodeTests } from "./node-tests.ts";
import { programTestFiles, unitTestFiles } from "./source-files.ts";
import { mustHaveRun, summary } from "./tally.ts";
import type { Tally } from "./tally.ts";

const LIMITS = {
  /** more than the cores of a small machine: many tests wait rather than work */
  concurrency: 3,
  timeoutMs: 60_000,
  deadlineMs: 4 * 60_000,
} as const;

export async function unitTests(root: string, signal: AbortSignal): Promise<Tally> {
  // Each file has a process of its own: without this a third of the time goes into compiling the same sources again.
  process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/node");
  const files = unitTestFiles(root);
  return runNodeTests({ title: "unit tests", root, files, ...LIMITS, verbose: false }, signal);
}

export async function programTests(root: string, signal: AbortSignal): Promise<Tally> {
  const files = programTestFiles(root);
  return runNodeTests({ title: "program tests", root, files, ...LIMITS, verbose: false }, signal);
}

if (import.meta.main) {
  const never = new AbortController().signal;
  const tally = mustHaveRun(await unitTests(join(import.meta.dirname, ".."), never));
  for (const skip of tally.skips) console.log(`skipped: ${skip}`);
  for (const failure of tally.failures) console.log(`failed: ${failure}`);
  console.log(summary([tally]));
  process.exitCode = tally.failures.length > 0 ? 1 : 0;
}

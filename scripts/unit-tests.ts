/** The unit tests: everything but `e2e/`. Run by `npm run check` on its own and by `npm test` with the rest. */

import { join } from "node:path";
import { runNodeTests } from "./node-tests.ts";
import { unitTestFiles } from "./source-files.ts";
import { mustHaveRun, summary } from "./tally.ts";
import type { Tally } from "./tally.ts";

const TIMEOUT_MS = 60_000;
const DEADLINE_MS = 4 * 60_000;
/** both cores of a small machine */
const CONCURRENCY = 2;

export async function unitTests(root: string, signal: AbortSignal): Promise<Tally> {
  // Each file has a process of its own: without this a third of the time goes into compiling the same sources again.
  process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/node");
  const limits = { concurrency: CONCURRENCY, timeoutMs: TIMEOUT_MS, deadlineMs: DEADLINE_MS };
  const files = unitTestFiles(root);
  return runNodeTests({ title: "unit tests", root, files, ...limits, verbose: false }, signal);
}

if (import.meta.main) {
  const never = new AbortController().signal;
  const tally = mustHaveRun(await unitTests(join(import.meta.dirname, ".."), never));
  for (const skip of tally.skips) console.log(`skipped: ${skip}`);
  for (const failure of tally.failures) console.log(`failed: ${failure}`);
  console.log(summary([tally]));
  process.exitCode = tally.failures.length > 0 ? 1 : 0;
}

/**
 * `npm run check`: everything that can be said about the code without booting a machine.
 *
 * Steps run two at a time, the longest first; each prints its verdict and time
 * as it ends, and what a failed one said comes last.
 */

import { join } from "node:path";
import { inWords, runCommand } from "./command.ts";
import type { CommandEnd } from "./command.ts";

const CONCURRENT_STEPS = 2;
/** an alarm, far above the minute that all of it may take */
const STEP_DEADLINE_MS = 5 * 60_000;

const root = join(import.meta.dirname, "..");

interface Step {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

const bin = (name: string): string => join(root, "node_modules/.bin", name);
const script = (name: string): Step => ({
  name,
  file: process.execPath,
  args: [`scripts/${name}.ts`],
});

const STEPS: readonly Step[] = [
  script("unit-tests"),
  { name: "lint", file: bin("oxlint"), args: ["--type-aware", "--deny-warnings"] },
  script("types-check"),
  script("rooms-check"),
  script("ratchet"),
  { name: "format", file: bin("oxfmt"), args: ["--check"] },
];

async function run(step: Step): Promise<CommandEnd> {
  const deadline = AbortSignal.timeout(STEP_DEADLINE_MS);
  const end = await runCommand({ file: step.file, args: step.args, cwd: root }, deadline);
  console.log(`${end.code === 0 ? "ok    " : "FAILED"}  ${step.name} (${inWords(end.tookMs)})`);
  return end;
}

const startedAt = performance.now();
const waiting = [...STEPS];
const failed: { readonly step: Step; readonly end: CommandEnd }[] = [];
await Promise.all(
  Array.from({ length: CONCURRENT_STEPS }, async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const end = await run(step);
      if (end.code !== 0) failed.push({ step, end });
    }
  }),
);
for (const { step, end } of failed) console.log(`\n--- ${step.name}\n${end.output}`);
const verdict = failed.length === 0 ? "all good" : `${failed.length} of ${STEPS.length} failed`;
console.log(`check: ${verdict} (${inWords(performance.now() - startedAt)})`);
process.exitCode = failed.length === 0 ? 0 : 1;

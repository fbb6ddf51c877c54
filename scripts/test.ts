/**
 * `npm test`: unit tests, slow ones, the agent's tests and lints, then whole-system tests on real machines.
 *
 * Ends with one line, "N passed, N failed". With ALCOVE_REQUIRE_E2E=1 (continuous integration)
 * a skipped test is a failed one.
 */

import { join } from "node:path";
import { inWords, runCommand } from "./command.ts";
import { runNodeTests } from "./node-tests.ts";
import { sourceFiles } from "./source-files.ts";
import { cargoTally, emptyTally, mustHaveRun, summary, withoutSkips } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { slowTests, unitTests } from "./unit-tests.ts";
import { pathWithCargo } from "./setup/machine.mjs";

const E2E_TIMEOUT_MS = 300_000;
const E2E_DEADLINE_MS = 20 * 60_000;
/** both cores of a small machine */
const CONCURRENCY = 2;

const root = join(import.meta.dirname, "..");
const leaving = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => leaving.abort());
const { signal } = leaving;

process.env["ALCOVE_STATE_DIR"] ??= join(root, ".alcove");

async function e2eTests(): Promise<Tally> {
  const files = sourceFiles(root, ["e2e"]).filter((path) => path.endsWith(".e2e.ts"));
  const options = {
    concurrency: CONCURRENCY,
    timeoutMs: E2E_TIMEOUT_MS,
    deadlineMs: E2E_DEADLINE_MS,
    verbose: true,
  };
  return runNodeTests({ title: "whole-system tests", root, files, ...options }, signal);
}

async function cargo(args: readonly string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, PATH: pathWithCargo(), CARGO_TERM_COLOR: "never" };
  const end = await runCommand({ file: "cargo", args, cwd: join(root, "guest"), env }, signal);
  if (end.code !== 0) console.log(end.output);
  return end;
}

async function agentTests(): Promise<Tally> {
  const { output, code } = await cargo(["test", "--locked"]);
  return cargoTally("agent tests", output, code);
}

async function agentLints(): Promise<Tally> {
  const tally = emptyTally("agent lints");
  const version = await cargo(["clippy", "--version"]);
  if (version.code !== 0) {
    tally.skips.push("clippy: this machine's Rust has none (rustup component add clippy)");
    return tally;
  }
  const args = ["clippy", "--locked", "--all-targets", "--", "-D", "warnings"];
  const { code } = await cargo(args);
  if (code === 0) tally.passed += 1;
  else tally.failures.push("clippy has warnings, see above");
  return tally;
}

async function measured(runner: () => Promise<Tally>): Promise<Tally> {
  const startedAt = performance.now();
  const result = mustHaveRun(await runner());
  const tally = process.env["ALCOVE_REQUIRE_E2E"] === "1" ? withoutSkips(result) : result;
  const took = inWords(performance.now() - startedAt);
  console.log(`-- ${tally.title}: ${summary([tally])} (${took})`);
  return tally;
}

const tallies: Tally[] = [];
const node = [() => unitTests(root, signal), () => slowTests(root, signal)];
for (const runner of [...node, agentTests, agentLints, e2eTests]) {
  if (!signal.aborted) tallies.push(await measured(runner));
}
if (signal.aborted) tallies.push({ ...emptyTally("the run"), failures: ["stopped by a signal"] });

for (const { title, skips } of tallies)
  for (const skip of skips) console.log(`skipped, ${title}: ${skip}`);
for (const { title, failures } of tallies)
  for (const failure of failures) console.log(`failed, ${title}: ${failure}`);
process.exitCode = tallies.some(({ failures }) => failures.length > 0) ? 1 : 0;
console.log(summary(tallies));

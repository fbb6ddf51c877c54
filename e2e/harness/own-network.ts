/** Test files that run in a network namespace of their own, where nothing else is: what they make there goes with it. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import type { TestContext } from "node:test";

const TIMEOUT_MS = 280_000;

/**
 * Runs a file of tests there, and says what it said when one of them failed.
 * @param file absolute path
 */
export function passInOwnNetwork(t: TestContext, file: string): void {
  const name = `alcove-test-${process.pid}`;
  execFileSync("ip", ["netns", "add", name]);
  t.after(() => execFileSync("ip", ["netns", "del", name]));
  execFileSync("ip", ["-n", name, "link", "set", "lo", "up"]);
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const node = [process.execPath, "--test", "--test-reporter=spec", file];
  const { stdout, stderr, status } = spawnSync("ip", ["netns", "exec", name, ...node], {
    env,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  for (const line of stdout.split("\n").filter((it) => it.startsWith("✔"))) t.diagnostic(line);
}

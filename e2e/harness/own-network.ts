/** Test files that run in a network namespace of their own, where nothing else is: what they make there goes with it. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";

import { cannotRun } from "./can-run.ts";

const TIMEOUT_MS = 280_000;

const skip = process.getuid?.() === 0 ? cannotRun : "network namespaces are root's";

/**
 * Runs a file of tests there as one test, which says what they said.
 * @param file absolute path
 */
export function suiteInOwnNetwork(title: string, file: string): void {
  test(title, { skip }, (t) => {
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
  });
}

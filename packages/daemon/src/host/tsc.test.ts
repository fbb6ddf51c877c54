import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { foreseeTscKhz, hostTscKhz, tscKhzInLog } from "./tsc.ts";

const DETECTED = "[    0.000055] tsc: Detected 2600.000 MHz processor\n";

const LOGS: readonly [what: string, log: string, khz: number | undefined][] = [
  ["what was detected", DETECTED, 2_600_000],
  ["a detected counter", "[0.0] tsc: Detected 2599.998 MHz TSC\n", 2_599_998],
  [
    "the refined value rather than the first guess",
    `${DETECTED}[    1.3] tsc: Refined TSC clocksource calibration: 2596.098 MHz\n`,
    2_596_098,
  ],
  ["nothing in a log that has wrapped around", "[99.0] eth0: link up\n", undefined],
  ["nothing in an impossible value", "tsc: Detected 0.001 MHz processor\n", undefined],
];

for (const [what, log, khz] of LOGS) {
  test(`tsc: the kernel's log tells ${what}`, () => {
    assert.equal(tscKhzInLog(log), khz);
  });
}

const never = new AbortController().signal;

/** Stands in for the guest agent's binary; each run leaves a dot. */
async function agentThatSays(khz: number, dir: string): Promise<string> {
  const file = `${dir}/agent`;
  await writeFile(file, `#!/bin/sh\nprintf . >> ${dir}/runs\necho ${khz}\n`, { mode: 0o755 });
  return file;
}

test("tsc: what was begun early is not asked again", async () => {
  await using dir = await tempDir();
  const agent = await agentThatSays(2_500_000, dir.path);
  foreseeTscKhz(agent, never);
  const first = await hostTscKhz(agent, never);
  assert.ok(first >= 100_000 && first <= 20_000_000, `${first} kHz`); // the kernel's word, if it has one
  assert.equal(await hostTscKhz(agent, never), first);
  const runs = await readFile(`${dir.path}/runs`, "utf8").catch(() => "");
  assert.ok(runs.length <= 1, `it ran ${runs.length} times`);
});

test("tsc: what was begun early and failed is told to whoever needs it", async () => {
  await using dir = await tempDir();
  const gone = new AbortController();
  const agent = await agentThatSays(2_500_000, dir.path);
  gone.abort(new Error("the daemon stops"));
  foreseeTscKhz(agent, gone.signal);
  await assert.rejects(hostTscKhz(agent, never), /the daemon stops/);
});

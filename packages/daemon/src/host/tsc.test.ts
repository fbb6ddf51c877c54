import assert from "node:assert/strict";
import { test } from "node:test";

import { tscKhzInLog } from "./tsc.ts";

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

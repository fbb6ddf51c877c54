import assert from "node:assert/strict";
import { test } from "node:test";

import { formatGoDuration, parseGoDuration } from "./go-duration.ts";

const READ: readonly (readonly [string, number | undefined])[] = [
  ["2m0s", 120_000],
  ["60s", 60_000],
  ["1.5h", 5_400_000],
  ["300ms", 300],
  ["1h2m3s", 3_723_000],
  ["0", 0],
  ["30", 30_000],
  ["", undefined],
  ["fast", undefined],
  ["5x", undefined],
  ["5s ", undefined],
  ["-5s", undefined],
  ["s", undefined],
];

for (const [text, ms] of READ) {
  test(`go duration: ${JSON.stringify(text)} is ${ms} ms`, () => {
    assert.equal(parseGoDuration(text), ms);
  });
}

test("go duration: what is written is read back", () => {
  for (const ms of [0, 999, 413_000, 3_723_001]) {
    assert.equal(parseGoDuration(formatGoDuration(ms)), ms);
  }
  assert.equal(formatGoDuration(413_000), "6m53s");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { cargoTally, emptyTally, mustHaveRun, summary, withoutSkips } from "./tally.ts";

const CARGO = `
running 3 tests
test frames::cut ... ok
test pty::resize ... ignored, needs a terminal
test frames::long ... FAILED
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

running 2 tests
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`;

test("tally: cargo's summaries are added up and ignored tests are skips with a reason", () => {
  const tally = cargoTally("agent tests", CARGO, 101);
  assert.deepEqual(tally, {
    title: "agent tests",
    passed: 3,
    failures: ["a cargo test, see above"],
    skips: ["pty::resize: needs a terminal"],
  });
});

test("tally: a cargo that failed without a failed test is a failure", () => {
  const { failures } = cargoTally("agent tests", "error: could not compile", 101);
  assert.deepEqual(failures, ["cargo ended with 101"]);
});

test("tally: a runner that ran nothing failed", () => {
  assert.deepEqual(mustHaveRun(emptyTally("nothing")).failures, ["no test ran"]);
});

test("tally: the last line names skips only when there are some", () => {
  const one = { title: "a", passed: 4, failures: ["x"], skips: [] };
  const two = { title: "b", passed: 2, failures: [], skips: ["y: no KVM"] };
  assert.equal(summary([one]), "4 passed, 1 failed");
  assert.equal(summary([one, two]), "6 passed, 1 failed, 1 skipped");
  assert.equal(summary([one, withoutSkips(two)]), "6 passed, 2 failed");
});

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

import { Progress } from "./progress.ts";

function terminal(
  t: TestContext,
  isTTY: boolean,
): { readonly written: string[]; progress: Progress } {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const written: string[] = [];
  const target = { isTTY, columns: 20, write: (text: string) => written.push(text) };
  return { written, progress: new Progress(target, "Copying", () => "3MiB") };
}

test("progress: what is quick shows nothing", (t) => {
  const { written, progress } = terminal(t, true);
  t.mock.timers.tick(999);
  progress[Symbol.dispose]();
  t.mock.timers.tick(10_000);
  assert.deepEqual(written, []);
});

test("progress: a terminal gets a line that moves, fits and is taken away", (t) => {
  const { written, progress } = terminal(t, true);
  t.mock.timers.tick(1_000);
  t.mock.timers.tick(1_000);
  assert.equal(written[0], "\r\u001b[2K⠙ Copying 3MiB 1s");
  assert.equal(written.length, 9);
  assert.ok(written.every((line) => line.length <= 19 + 5));
  progress[Symbol.dispose]();
  progress[Symbol.dispose]();
  assert.deepEqual(written.slice(9), ["\r\u001b[2K"]);
});

test("progress: anything else gets one plain line", (t) => {
  const { written, progress } = terminal(t, false);
  t.mock.timers.tick(60_000);
  progress[Symbol.dispose]();
  assert.deepEqual(written, ["Copying ...\n"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandsOf, lossOf, progressOf } from "./vm-actions.ts";

test("vm actions: exactly those that the daemon allows, and what is a tab is no button", () => {
  const shown = commandsOf(["delete", "pause", "exec", "shell", "files"]);
  assert.deepEqual(
    shown.map(({ command }) => command),
    ["pause", "delete"],
  );
});

test("vm actions: only what loses something says so", () => {
  const sandbox = { kind: "sandbox", hostname: "sbox-1" };
  const kept = { kind: "persistent", hostname: "sbox-1" };
  assert.match(lossOf("delete", kept)?.join(" ") ?? "", /cannot be undone/);
  assert.match(lossOf("shutdown", sandbox)?.join(" ") ?? "", /it is gone/);
  assert.deepEqual([lossOf("shutdown", kept), lossOf("pause", sandbox)], [undefined, undefined]);
});

test("vm actions: a VM that runs without an answer is on its way, one that is ready is not", () => {
  assert.match(progressOf({ phase: "running", ready: false }) ?? "", /agent has not answered/);
  assert.match(progressOf({ phase: "suspending", ready: false }) ?? "", /written to the disk/);
  assert.deepEqual(
    [progressOf({ phase: "running", ready: true }), progressOf({ phase: "stopped", ready: false })],
    [undefined, undefined],
  );
});

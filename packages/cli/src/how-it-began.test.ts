import assert from "node:assert/strict";
import { test } from "node:test";

import type { VmDetails } from "@alcove/sdk/native-shapes.ts";
import { aVmDetails } from "@alcove/sdk/testing/vm-accounts.ts";

import { howItBegan, stepsTable } from "./how-it-began.ts";

function details(different: Partial<VmDetails>): VmDetails {
  return aVmDetails({
    hostname: "web-3",
    origin: { how: "template", template: "1a2b" },
    memory: { reserved_bytes: 0 },
    ...different,
  });
}

const START = {
  how: "template",
  begun_at: "2026-01-02T03:04:05Z",
  ready: true,
  total_ms: 83.6,
  steps: [
    { name: "spawn", ms: 12.25 },
    { name: "load", ms: 48 },
    { name: "connect", ms: 0 },
    { name: "reidentify", ms: 23.35 },
  ],
};

test("how it began: a line says from what, and in how much time", () => {
  assert.equal(
    howItBegan(details({ start: START })),
    "web-3 is ready in 84 ms (from template 1a2b)",
  );
  const why = "there was no template of this image and size yet";
  const booted = details({ origin: { how: "boot", why }, start: { ...START, total_ms: 2_345 } });
  assert.equal(howItBegan(booted), `web-3 is ready in 2.3 s (booted: ${why})`);
  const origins = [
    [{ how: "boot" }, "booted"],
    [{ how: "fork", source: "web-1" }, "forked from web-1"],
    [{ how: "commit", commit: "cmt-1" }, "booted from commit cmt-1"],
  ] as const;
  for (const [origin, words] of origins)
    assert.equal(howItBegan(details({ origin })), `web-3 is on its way (${words})`);
});

test("how it began: what a host says of it cannot command a terminal", () => {
  const line = howItBegan(details({ origin: { how: "boot", why: "a\u001b[2Jb\nc" } }));
  assert.equal(line, "web-3 is on its way (booted: a[2Jb c)");
});

test("how it began: the table has a bar for each step, as long as its time", () => {
  assert.deepEqual(stepsTable(details({ start: START })).split("\n"), [
    "STEP          MS",
    `spawn       12.3  ${"█".repeat(6)}`,
    `load        48.0  ${"█".repeat(24)}`,
    "connect      0.0",
    `reidentify  23.4  ${"█".repeat(12)}`,
    "all         83.6",
  ]);
  const unready = { ...START, ready: false, steps: [], total_ms: 0 };
  assert.match(stepsTable(details({ start: unready })), /^all +0\.0 +not ready yet$/m);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { failedOf, phasesOf } from "./phases.ts";

function vm(phase: string, since = "2026-01-01T00:00:00Z") {
  return { phase, since };
}

test("phases: what runs comes first, the rest by number", () => {
  const vms = [vm("stopped"), vm("running"), vm("paused"), vm("stopped")];
  assert.deepEqual(phasesOf(vms), [
    { phase: "running", vms: 1 },
    { phase: "stopped", vms: 2 },
    { phase: "paused", vms: 1 },
  ]);
});

test("phases: the newest failure comes first", () => {
  const [old, young] = [vm("failed", "2026-01-01T00:00:00Z"), vm("failed", "2026-02-01T00:00:00Z")];
  assert.deepEqual(failedOf([old, vm("running"), young]), [young, old]);
});

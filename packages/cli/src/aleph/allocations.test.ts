/** What an allocation would change, what came of it, and what is there: from a node's listings. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { allocationPlan } from "./allocation-plan.ts";
import { failureOf, reasonOf } from "./allocation-report.ts";
import { type Execution, type ExecutionRow, instantOf, stateOf } from "./executions.ts";

const HASHES = ["aa11", "bb22", "cc33", "dd44", "ee55"].map((text) => text.repeat(16));
const [A = "", B = "", C = "", D = "", E = ""] = HASHES;
const RUNNING: Execution = { networking: {}, status: {}, running: true, vm_type: "instance" };

function row(vm_hash: string, more: Partial<ExecutionRow>): ExecutionRow {
  return { uuid: "u", vm_hash, time_defined: "2026-01-02 03:04:05", persistent: true, ...more };
}

test("allocation plan: what is left out is stopped, but for what its owner had started", () => {
  const executions = new Map(HASHES.map((hash) => [hash, RUNNING] as const));
  const confidential = { environment: { trusted_execution: { policy: 1 } }, payment: null };
  const rows = [
    row(B, { message: '{"payment": {"type": "credit"}}' }),
    row(C, { gpus: '[{"pci_host": "01:00.0"}]' }),
    row(D, { message: JSON.stringify(confidential), gpus: "[]" }),
  ];
  const plan = allocationPlan([A, "f0".repeat(32)], executions, rows);
  assert.deepEqual(plan, {
    starts: ["f0".repeat(32)],
    keeps: [A],
    stops: [E],
    spared: [
      { hash: B, why: "its owner pays for it with credits" },
      { hash: C, why: "it has a GPU" },
      { hash: D, why: "it is confidential" },
    ],
  });
  const idle = new Map([[A, { ...RUNNING, running: false }]]);
  assert.deepEqual(allocationPlan([A], idle, []).starts, [A]);
  assert.deepEqual(allocationPlan([], idle, [row(A, { message: "no JSON" })]).stops, [A]);
});

test("allocation report: Python's exceptions as sentences", () => {
  assert.equal(reasonOf("MicroVMFailedInitError()"), "its machine did not start");
  assert.match(
    reasonOf("Exception('Unhandled Error')"),
    /log says why; .* message that it does not/,
  );
  assert.equal(
    reasonOf(`ResourceDownloadError("it's gone")`),
    "something it needs is not there: it's gone",
  );
  assert.equal(reasonOf("Strange(1, 2)"), "Strange(1, 2)");
  const report = {
    successful: [],
    stopped: [],
    failing: [A],
    errors: new Map([[A, "VmSetupError()"]]),
  };
  assert.equal(failureOf(report)?.message, `${A} did not start: it cannot be set up`);
  assert.equal(failureOf({ ...report, failing: [] }), undefined);
});

test("executions: states and times in words", () => {
  assert.equal(stateOf(RUNNING), "running");
  assert.equal(stateOf({ ...RUNNING, running: false, status: { stopped_at: "x" } }), "stopped");
  assert.equal(stateOf({ ...RUNNING, running: false }), "starting");
  assert.equal(stateOf({ ...RUNNING, awaiting_confidential_init: true }), "awaits its owner");
  assert.equal(instantOf("2026-01-02 03:04:05.000005"), "2026-01-02T03:04:05.000005Z");
  assert.equal(instantOf("2026-01-02 03:04:05+00:00"), "2026-01-02T03:04:05+00:00");
  assert.equal(instantOf(null), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { ExecutionStage } from "#testing/aleph-executions.ts";
import { hashOf } from "#testing/aleph-source.ts";
import { never } from "#testing/fake-host.ts";

import { Refusal } from "../refusal.ts";
import { PaymentWatch } from "./payment-watch.ts";

const PAID = hashOf("1");
const PLACED = hashOf("2");

test("payment watch: what is not paid for three looks long is stopped, unless a scheduler placed it", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(PAID, { payment: { type: "credit" } });
  stage.source.publish(PLACED);
  const executions = stage.open();
  await executions.ensureRunning(PAID, never);
  await executions.ensureRunning(PLACED, never);
  const findings: (Error | undefined)[] = [];
  const check = async () => {
    const finding = findings.shift();
    if (finding) throw finding;
  };
  const watch = new PaymentWatch(executions, { check }, stage.log);
  const unpaid = new Refusal("payment required", "Insufficient credits for this instance");
  const unknown = new Error("the network cannot be reached");
  const runsAfter = async (finding: Error | undefined) => {
    findings.push(finding);
    await watch.look(never);
    assert.equal(findings.length, 0, "it was looked at once");
    return stage.room.runs(PAID);
  };

  for (const finding of [unpaid, unpaid, undefined, unpaid, unknown, unpaid]) {
    assert.equal(await runsAfter(finding), true);
  }
  assert.equal(await runsAfter(unpaid), false);
  assert.equal(executions.find(PAID)?.record.ended, "stopped");
  assert.equal(stage.room.runs(PLACED), true);
  await watch.look(never);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { ExecutionStage } from "#testing/aleph-executions.ts";
import { hashOf, instanceContent, messageOf } from "#testing/aleph-source.ts";
import { never } from "#testing/fake-host.ts";

import { Refusal } from "../refusal.ts";

const VM = hashOf("1");
const NODE = hashOf("e");

function bound(node_hash: string) {
  return { requirements: { node: { node_hash } } };
}

test("notice: an instance that its owner has published is started, and stops nothing", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  stage.source.publish(hashOf("2"));
  const executions = stage.open();

  assert.deepEqual(await executions.notify(VM, never), { successful: true });
  assert.deepEqual(await executions.notify(VM, never), { successful: true });
  assert.deepEqual(await executions.notify(hashOf("2"), never), { successful: true });
  assert.deepEqual(
    executions.list().map(({ running }) => running),
    [true, true],
  );
});

test("notice: what is wrong is said in order, before anything is started", async () => {
  await using stage = new ExecutionStage();
  const executions = stage.open();
  stage.payments = {
    check: async () => {
      throw new Refusal("payment required", "402: Empty payment stream for this instance");
    },
  };
  const refused = async (kind: string, message: string) => {
    await assert.rejects(executions.notify(VM, never), { kind, message });
  };

  await refused("not found", `Hash not found: ${VM}`);
  const post = { ...messageOf(VM, instanceContent()), type: "POST" } as const;
  stage.source.messages.set(VM, post);
  await refused("bad request", "400: Message is not an instance");
  stage.source.publish(VM, bound(NODE));
  const undiscovered = "503: Node hash not yet discovered, cannot accept targeted allocations";
  await refused("unavailable", undiscovered);
  stage.source.publish(VM);
  stage.diskFreeBytes = 0;
  const full = "This CRN cannot host the requested instance at this time.";
  await refused("unavailable", full);
  stage.diskFreeBytes = 1e12;
  await refused("payment required", "402: Empty payment stream for this instance");
  assert.deepEqual(stage.store.all(), []);
  assert.deepEqual(stage.room.asked, []);
});

test("notice: an instance is for the node that it names", async () => {
  await using stage = new ExecutionStage();
  stage.settings = { ...stage.settings, nodeHash: NODE };
  const executions = stage.open();
  stage.source.publish(VM, bound(hashOf("d")));
  await assert.rejects(executions.notify(VM, never), {
    kind: "bad request",
    message: "400: Instance is allocated to a different node",
  });
  stage.source.publish(VM, bound(NODE));
  assert.deepEqual(await executions.notify(VM, never), { successful: true });
});

test("notice: a start that fails is told as an answer", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  const executions = stage.open();
  const details = { hypervisor: "fake" };
  stage.room.startTroubles.push(new AlcoveError("hypervisor_failed", "It did not boot", details));
  assert.deepEqual(await executions.notify(VM, never), {
    successful: false,
    error: "MicroVMFailedInitError()",
  });
});

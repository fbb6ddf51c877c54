/** `POST /v1/vms/{hostname}/fork` over a fake host. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ForkAnswer } from "@alcove/api";
import { Value } from "typebox/value";

import { SlicerApi } from "#testing/slicer-api.ts";

test("native fork: the answer says who the children are and what their agents confirmed", async () => {
  await using api = await SlicerApi.make();
  const vm = await api.vm({ tags: ["a"] });
  const body = JSON.stringify({ count: 2, tags: ["b"], persistent: true });
  const { status, text } = await api.call(`POST /v1/vms/${vm}/fork`, { body });
  assert.equal(status, 200, text);
  const answer: unknown = JSON.parse(text);
  assert.ok(Value.Check(ForkAnswer, answer), text);
  assert.equal(answer.source, vm);
  assert.deepEqual(answer.failures, []);
  assert.ok(answer.pause_ms > 0);
  const [one, other] = answer.children.toSorted((a, b) => a.hostname.localeCompare(b.hostname));
  assert.ok(one && other);
  assert.deepEqual([one.hostname, other.hostname], ["sbox-2", "sbox-3"]);
  assert.notEqual(one.ip, other.ip);
  assert.deepEqual([one.tags, one.persistent], [["a", "b"], true]);
  const { receipt } = one;
  assert.deepEqual([receipt?.hostname, receipt?.rng], ["sbox-2", "reseeded"]);
  assert.match(receipt?.clock_step_ns ?? "", /^-?\d+$/);
  assert.notEqual(receipt?.machine_id, other.receipt?.machine_id);
});

test("native fork: without a body there is one child; nobody need wait for it", async () => {
  await using api = await SlicerApi.make();
  const vm = await api.vm();
  const alone = await api.call(`POST /v1/vms/${vm}/fork`);
  assert.equal(alone.status, 200, alone.text);
  const unwaited = await api.call(`POST /v1/vms/${vm}/fork`, { body: '{"wait":"none"}' });
  const answer: unknown = JSON.parse(unwaited.text);
  assert.ok(Value.Check(ForkAnswer, answer), unwaited.text);
  assert.equal(answer.children.length, 1);
});

test("native fork: what cannot be is refused with the reason", async () => {
  await using api = await SlicerApi.make();
  const vm = await api.vm({ persistent: true });
  const refusal = async (path: string, body: object) => {
    const { status, text } = await api.call(`POST /v1/vms/${path}/fork`, {
      body: JSON.stringify(body),
    });
    const { code }: { readonly code: string } = JSON.parse(text);
    return [status, code];
  };
  assert.deepEqual(await refusal("none-1", {}), [404, "vm_not_found"]);
  for (const body of [
    { count: 0 },
    { count: 17 },
    { count: "2" },
    { wait: "ever" },
    { tags: [""] },
  ]) {
    assert.deepEqual(await refusal(vm, body), [400, "invalid_request"], JSON.stringify(body));
  }
  const named = { count: 2, tags: ["name=web"] };
  assert.deepEqual(await refusal(vm, named), [400, "invalid_request"]);
  await api.call(`POST /vm/${vm}/suspend`);
  assert.deepEqual(await refusal(vm, {}), [409, "wrong_phase"]);
});

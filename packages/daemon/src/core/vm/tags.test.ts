import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { aGroup, aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { stopAll } from "./end-of-daemon.ts";
import { changedTags, checkNameIsFree, tagProblems } from "./tags.ts";

const edit = (add: readonly string[], remove: readonly string[] = []) =>
  ({ kind: "edit", add, remove }) as const;
const replace = (...tags: readonly string[]) => ({ kind: "replace", tags }) as const;
const invalid = (error: unknown) => AlcoveError.is(error, "invalid_request");
const taken = (error: unknown) => AlcoveError.is(error, "name_taken");

test("tags: added, removed and replaced, each once and in order", () => {
  assert.deepEqual(changedTags(["a", "b"], edit(["c", "a", "c"])), ["a", "b", "c"]);
  assert.deepEqual(changedTags(["a", "b"], edit(["c"], ["a", "x"])), ["b", "c"]);
  assert.deepEqual(changedTags(["a", "b"], edit(["a"], ["a"])), ["b", "a"]);
  assert.deepEqual(changedTags(["a", "b"], replace("c", "c")), ["c"]);
  assert.deepEqual(changedTags(["a", "b"], replace()), []);
});

test("tags: a friendly name can be added once, and then stays", () => {
  assert.deepEqual(changedTags(["a"], edit(["name=web"])), ["a", "name=web"]);
  const before = ["a", "name=web"];
  assert.deepEqual(changedTags(before, edit(["name=web"])), before);
  assert.throws(() => changedTags(before, edit(["name=other"])), invalid);
  assert.throws(() => changedTags(before, edit([], ["name=web"])), invalid);
  assert.throws(() => changedTags(before, edit(["name=other"], ["name=web"])), invalid);
  assert.throws(() => changedTags(before, replace("name=web")), invalid);
  assert.throws(() => changedTags([], replace("name=web")), invalid);
  assert.deepEqual(changedTags(before, replace("b")), ["name=web", "b"]);
});

test("tags: bounds, and what a friendly name may be", () => {
  assert.deepEqual(tagProblems(["name=a", "x y", "k=v", `name${"x".repeat(200)}`]), []);
  assert.deepEqual(tagProblems([`name=${"a".repeat(63)}`]), []);
  for (const name of ["", "A", "a_b", "-a", "a-", "a.b", "a b", "a".repeat(64), "a\n"]) {
    assert.equal(tagProblems([`name=${name}`]).length, 1, JSON.stringify(name));
  }
  assert.equal(tagProblems(["name=a", "name=b"]).length, 1);
  assert.equal(tagProblems([""]).length, 1);
  assert.equal(tagProblems(["x".repeat(257)]).length, 1);
  const many = Array.from({ length: 65 }, (_, index) => `t${index}`);
  assert.equal(tagProblems(many).length, 1);
  assert.throws(() => changedTags(many.slice(1), edit(["one-more"])), invalid);
});

test("tags: a friendly name is nobody else's, and cannot be mistaken for a host name", () => {
  const others = [
    aVmRecord({ hostname: "old-1", spec: { ...aVmRecord({}).spec, tags: ["name=web"] } }),
  ];
  const groups = [aGroup({}), aGroup({ name: "big" })];
  for (const name of ["web", "old-1", "sbox-77", "big-0"]) {
    assert.throws(() => checkNameIsFree(["x", `name=${name}`], others, groups), taken, name);
  }
  for (const name of ["web2", "old-2", "sbox-", "sbox-7a", "sbox", "bigger-1"]) {
    checkNameIsFree(["x", `name=${name}`], others, groups);
  }
  checkNameIsFree(["web", "old-1"], others, groups);
});

test("tags: changes are on record, and outlive the daemon", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await vms.create("sbox", aRequest({ kind: "persistent", tags: ["a"] }), never);
  assert.deepEqual(vms.retag(vm, edit(["name=web", "b"], ["a"])), ["name=web", "b"]);
  assert.deepEqual(vm.record.spec.tags, ["name=web", "b"]);
  assert.throws(() => vms.retag(vm, edit(["c", ""])), invalid);
  assert.deepEqual(vm.record.spec.tags, ["name=web", "b"], "all or nothing");
  const others = host.store.all().map(({ spec }) => spec.tags);
  assert.deepEqual(others, [["name=web", "b"]]);
  await stopAll(vms, "power off");
  const next = await host.open();
  assert.deepEqual(next.get("sbox-1").record.spec.tags, ["name=web", "b"]);
});

test("tags: two VMs cannot have one name, however they come by it", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const first = await vms.create("sbox", aRequest({ tags: ["name=web"] }), never);
  await assert.rejects(vms.create("sbox", aRequest({ tags: ["name=web"] }), never), taken);
  assert.deepEqual(await host.disks.list(), [first.record.id], "nothing is left behind");
  const second = await vms.create("sbox", aRequest({}), never);
  assert.throws(() => vms.retag(second, edit(["name=web"])), taken);
  assert.deepEqual(vms.retag(first, edit(["x"])), ["name=web", "x"]);
  await vms.delete(first);
  assert.deepEqual(vms.retag(second, edit(["name=web"])), ["name=web"]);
});

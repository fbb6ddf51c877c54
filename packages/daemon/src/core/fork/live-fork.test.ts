import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import type { GuestLink } from "#core/ports/guest-link.ts";
import { machineIdOf } from "#core/vm/boot-plan.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { refusal } from "#drivers/fake/refusal.ts";
import { GIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { filesOf, forkStage } from "#testing/fork-stage.ts";
import { roomyFacts } from "#testing/roomy-facts.ts";
import { roomyLimits } from "#testing/roomy-limits.ts";
import { dialerWith } from "#testing/troubles.ts";

import type { LiveForkOrder } from "./live-fork.ts";

function is(code: ErrorCode, message?: RegExp) {
  return (error: unknown) =>
    AlcoveError.is(error, code) && (message === undefined || message.test(error.message));
}

test("live fork: children have the source's memory, each is somebody of its own, and the source goes on", async () => {
  await using it = await forkStage({ request: { tags: ["a", "name=web"] } });
  const { host, source } = it;
  const parent = host.boxOf(source).guest;
  parent.files.write("/tmp/note", Buffer.from("kept"), undefined);
  const { bootId } = parent;

  const { children, failures, pauseMs } = await it.fork({ count: 3 });

  assert.deepEqual(failures, []);
  assert.equal(children.length, 3);
  assert.ok(pauseMs > 0);
  assert.deepEqual([source.phase, parent.paused, parent.frozen], ["running", false, false]);
  const names = children.map(({ record }) => record.hostname).toSorted();
  assert.deepEqual(names, ["sbox-2", "sbox-3", "sbox-4"]);
  for (const child of children) {
    const { record } = child;
    const { guest } = host.boxOf(child);
    assert.equal(child.phase, "running");
    assert.deepEqual(record.origin, { how: "fork", source: "sbox-1" });
    assert.equal(record.layer, source.record.layer);
    assert.equal(record.receipt?.hostname, record.hostname);
    assert.equal(record.receipt?.machineId, machineIdOf(record.id));
    assert.deepEqual([guest.hostname, guest.bootId], [record.hostname, bootId]);
    assert.ok(guest.files.find("/tmp/note"));
    assert.equal(record.kind, "persistent");
    const { tags, ...spec } = record.spec;
    const { tags: _, ...inherited } = source.record.spec;
    assert.deepEqual([tags, spec], [["a"], inherited]);
    const disk = `disk-${record.layer}.qcow2`;
    assert.deepEqual(await filesOf(host, child), [disk]);
    assert.equal(host.boxOf(child).disks.get("root")?.endsWith(disk), true);
  }
  const samples = [source, ...children].map((vm) => host.boxOf(vm).guest.random.uuid());
  assert.equal(new Set(samples).size, 4);
  assert.deepEqual(await filesOf(host, source), [
    "console.log",
    `disk-${source.record.layer}.qcow2`,
  ]);
  assert.deepEqual(host.store.all().length, 4);
  assert.deepEqual(host.log.troubles(), []);
});

test("live fork: a VM that does not run, or stands still for want of an agent, is refused", async () => {
  await using it = await forkStage();
  await it.source.stop(new AbortController().signal);
  await assert.rejects(it.fork(), is("wrong_phase", /Cannot fork sbox-1: it is stopped/));
});

test("live fork: a VM that is paused is forked as it is, stays paused, and its children run", async () => {
  await using it = await forkStage();
  await it.source.pause(never);
  const { children, pauseMs } = await it.fork();
  assert.deepEqual([it.source.phase, pauseMs], ["paused", 0]);
  assert.deepEqual(
    children.map(({ phase }) => phase),
    ["running"],
  );
  await it.source.resume(never);
  assert.equal((await it.fork()).children.length, 1, "and again, one layer higher");
  assert.equal(it.host.layers.list().length, 2);
});

test("live fork: children of a sandbox are sandboxes unless they are asked to be kept; layers go with the last VM", async () => {
  await using it = await forkStage({ request: { kind: "sandbox", tags: ["a"] } });
  const { host, vms, source } = it;
  const [child] = (await it.fork()).children;
  const order = { persistent: true, tags: ["b", "name=web"], tagMode: "replace" } as const;
  const [kept] = (await it.fork(order)).children;
  assert.ok(child && kept);
  assert.deepEqual([child.record.kind, kept.record.kind], ["sandbox", "persistent"]);
  assert.deepEqual(kept.record.spec.tags, ["b", "name=web"]);
  await vms.delete(source);
  assert.ok(
    await (await child.contact?.link(never))?.health(never),
    "it needs nothing of its source",
  );
  await vms.delete(child);
  await vms.delete(kept);
  assert.deepEqual(host.layers.list(), []);
});

test("live fork: what cannot be is refused before anything is touched", async () => {
  await using it = await forkStage({ request: { tags: ["name=web"] } });
  const { host, source } = it;
  const refused: readonly [Partial<LiveForkOrder>, ErrorCode, RegExp][] = [
    [{ count: 0 }, "invalid_request", /from 1 to 16/],
    [{ count: 17 }, "invalid_request", /from 1 to 16/],
    [{ count: 2, tags: ["name=x"] }, "invalid_request", /friendly name is one VM's/],
    [{ secrets: ["none"] }, "invalid_request", /none/],
  ];
  for (const [order, code, message] of refused)
    await assert.rejects(it.fork(order), is(code, message));
  const limits = { ...roomyLimits, maxVms: 3 };
  await assert.rejects(it.fork({ count: 3 }, never, { limits }), is("no_capacity", /VMs/));
  assert.deepEqual(
    [source.record.layer, host.layers.list(), host.store.all().length],
    [undefined, [], 1],
  );
});

const sixGibibytes = async () => ({ totalBytes: 6 * GIB, availableBytes: 6 * GIB });

test("live fork: there is room on the host for all children, or for none", async () => {
  await using it = await forkStage({
    parts: () => ({ hostFacts: { ...roomyFacts, memory: sixGibibytes } }),
  });
  await assert.rejects(it.fork({ count: 5 }), is("no_capacity", /memory/));
  assert.deepEqual([it.source.record.layer, it.vms.list().length], [undefined, 1]);
  assert.equal((await it.fork({ count: 2 })).children.length, 2, "what was held was given back");
});

test("live fork: a child that does not confirm who it is, is gone, and told of beside those that live", async () => {
  let willing = 0;
  const reluctant = (link: GuestLink) => ({
    reidentify: (...order: Parameters<GuestLink["reidentify"]>) => {
      willing += 1;
      if (willing === 2) return link.reidentify(...order);
      return Promise.reject(refusal("io", "no entropy"));
    },
  });
  await using it = await forkStage({
    parts: ({ dialer }) => ({ dialer: dialerWith(dialer, reluctant) }),
  });
  const { host, vms } = it;
  const { children, failures } = await it.fork({ count: 2 });
  assert.equal(children.length, 1);
  assert.match(failures.map(({ message }) => message).join(), /did not confirm.*no entropy/);
  assert.equal(host.store.all().length, 2);

  await assert.rejects(it.fork(), is("hypervisor_failed", /no entropy/));
  assert.equal(vms.list().length, 2);
  assert.equal(host.world.living().length, 2);
});

test("live fork: with nobody waiting, a child that cannot be restored goes by itself", async () => {
  await using it = await forkStage();
  const { host, vms } = it;
  const { children } = await it.fork({ waitMs: undefined, count: 2 });
  for (const child of children) await child.contact?.link(never);
  await vms.settled();
  assert.deepEqual(
    children.map(({ phase }) => phase),
    ["running", "running"],
  );
  const forgetful = new Proxy(host.world.memories, {
    get: (target, name) =>
      name === "get" ? () => undefined : Reflect.get(target, name).bind(target),
  });
  Object.defineProperty(host.world, "memories", { value: forgetful });
  await it.fork({ waitMs: undefined });
  await eventually("the child is gone", () => vms.list().length === 3);
});

test("live fork: a child gets the secrets that are its own, not those that it found in its source's memory", async () => {
  await using it = await forkStage({ request: { secrets: ["one"] }, secrets: ["one", "two"] });
  const { host } = it;
  const [child] = (await it.fork({ secrets: ["two"] })).children;
  assert.ok(child);
  const secretsOf = (vm: VmSupervisor) =>
    ["one", "two"].filter((name) => host.boxOf(vm).guest.files.find(`/run/slicer/secrets/${name}`));
  assert.deepEqual([secretsOf(it.source), secretsOf(child)], [["one"], ["two"]]);
});

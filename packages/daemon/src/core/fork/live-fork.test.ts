import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import { machineIdOf } from "#core/vm/boot-plan.ts";
import { filesOf, forkStage } from "#testing/fork-stage.ts";

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

import assert from "node:assert/strict";
import { appendFile, readdir } from "node:fs/promises";
import { test } from "node:test";

import { type ErrorCode, AlcoveError } from "#core/errors.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { GIB } from "#lib/bytes.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import {
  aCommitOrder,
  aForkOrder,
  commitStage,
  running,
  untilAgent,
} from "#testing/commit-stage.ts";
import { fakeCommits } from "#testing/fake-commits.ts";
import { type FakeHost, never } from "#testing/fake-host.ts";
import { roomyFacts } from "#testing/roomy-facts.ts";

import type { CommitFilter } from "./commit.ts";

const ALL: CommitFilter = { tags: [], cacheKey: undefined, source: undefined };
function is(code: ErrorCode) {
  return (error: unknown) => AlcoveError.is(error, code);
}

async function overlayOf(host: FakeHost, { record }: VmSupervisor): Promise<string> {
  const { rootfs } = await fakeImages.resolve(record.imageId, never);
  return host.disks.rootDisk(record.id, { image: rootfs, layer: record.layer }).path;
}

/** As a guest does that has run meanwhile. */
async function write(host: FakeHost, vm: VmSupervisor): Promise<void> {
  await appendFile(await overlayOf(host, vm), Buffer.alloc(65_536, 1));
}

async function filesOf(host: FakeHost, { record }: VmSupervisor): Promise<readonly string[]> {
  const names = await readdir(`${host.directory}/vms/${record.id}`);
  return names.filter((name) => name.startsWith("disk"));
}

const layersOf = (host: FakeHost) => readdir(`${host.directory}/layers`);

test("commit: the disk becomes a layer, and the VM goes on with an empty one on it", async () => {
  await using it = await commitStage();
  const { host, commits, source } = it;
  await write(host, source);

  const commit = await commits.create(
    source,
    aCommitOrder({ tags: ["a"], labels: { of: "it" } }),
    never,
  );

  assert.equal(source.record.layer, commit.layer);
  assert.deepEqual(await filesOf(host, source), [`disk-${commit.layer}.qcow2`]);
  assert.deepEqual(await layersOf(host), [commit.layer]);
  assert.deepEqual(commits.list(ALL), [commit]);
  assert.equal(commits.newestOf(source.record), commit);
  const { sourceHostname, group, tags, labels, cacheKey } = commit;
  assert.deepEqual([sourceHostname, group, tags, labels], ["sbox-1", "sbox", ["a"], { of: "it" }]);
  assert.equal(cacheKey, undefined);
  await source.start(never);
  assert.equal(host.boxOf(source).plan.disks[0]?.backing?.backing?.backing, undefined);
  assert.match(host.boxOf(source).plan.disks[0]?.backing?.path ?? "", new RegExp(commit.layer));
});

test("commit: only a persistent VM that has stopped", async () => {
  await using it = await commitStage();
  const { vms, commits, source } = it;
  await vms.startAgain(source, never);
  await assert.rejects(commits.create(source, aCommitOrder(), never), is("wrong_phase"));
  const sandbox = await running(vms, { kind: "sandbox" });
  await assert.rejects(commits.create(sandbox, aCommitOrder(), never), is("not_persistent"));
  assert.deepEqual(await layersOf(it.host), []);
});

test("commit: nothing is sealed where nothing was written since the last time", async () => {
  await using it = await commitStage();
  const { host, commits, source } = it;
  const first = await commits.create(source, aCommitOrder(), never);
  const second = await commits.create(source, aCommitOrder(), never);
  assert.notEqual(second.id, first.id);
  assert.equal(second.layer, first.layer);
  await write(host, source);
  const third = await commits.create(source, aCommitOrder(), never);
  assert.notEqual(third.layer, first.layer);
  assert.equal(host.layers.get(third.layer).parent, first.layer);
  assert.equal(commits.newestOf(source.record), third);
});

test("commit: a cache key has one owner, and asking again for the same disk answers with it", async () => {
  await using it = await commitStage();
  const { host, vms, commits, source } = it;
  const keyed = aCommitOrder({ cacheKey: "deps" });
  const [one, two] = await Promise.all([
    commits.create(source, keyed, never),
    commits.create(source, keyed, never),
  ]);
  assert.equal(one, two);
  assert.equal(commits.list(ALL).length, 1);

  await write(host, source);
  await assert.rejects(commits.create(source, keyed, never), is("cache_key_taken"));
  const other = await running(vms);
  await other.stop(never);
  await assert.rejects(commits.create(other, keyed, never), is("cache_key_taken"));
  assert.equal(other.record.layer, undefined);
});

test("commit: lists are narrowed by all tags, by key and by source", async () => {
  await using it = await commitStage();
  const { commits, source } = it;
  const a = await commits.create(source, aCommitOrder({ tags: ["x", "y"], cacheKey: "k" }), never);
  const b = await commits.create(source, aCommitOrder({ tags: ["x"] }), never);
  const list = (filter: object) => commits.list({ ...ALL, ...filter }).map(({ id }) => id);
  assert.deepEqual(list({ tags: ["x"] }), [a.id, b.id]);
  assert.deepEqual(list({ tags: ["x", "y"] }), [a.id]);
  assert.deepEqual(list({ tags: ["z"] }), []);
  assert.deepEqual(list({ cacheKey: "k" }), [a.id]);
  assert.deepEqual(list({ source: "sbox-1" }), [a.id, b.id]);
  assert.deepEqual(list({ source: "sbox-2" }), []);
});

test("commit: it goes when neither its source nor a child is there, and its layer with it", async () => {
  await using it = await commitStage();
  const { host, vms, commits, source } = it;
  const commit = await commits.create(source, aCommitOrder(), never);
  const child = await commits.fork(commit.id, { order: aForkOrder(), wait: untilAgent }, never);
  await assert.rejects(commits.remove(commit.id), (error) => {
    assert.ok(AlcoveError.is(error, "commit_in_use"));
    assert.deepEqual(error.details.users, ["sbox-1", "sbox-2"]);
    return true;
  });
  await vms.delete(source);
  await assert.rejects(commits.remove(commit.id), is("commit_in_use"));
  await vms.delete(child);
  assert.deepEqual(await layersOf(host), [commit.layer], "the commit keeps it");
  await commits.remove(commit.id);
  assert.deepEqual([await layersOf(host), commits.list(ALL)], [[], []]);
  assert.throws(() => commits.get(commit.id), is("commit_not_found"));
  await assert.rejects(commits.remove(commit.id), is("commit_not_found"));
});

test("commit: a full disk is said, and nothing has changed", async () => {
  await using it = await commitStage();
  const { host, vms, source } = it;
  const hostFacts = { ...roomyFacts, disk: async () => ({ totalBytes: GIB, freeBytes: 0 }) };
  const commits = fakeCommits(host, vms, { hostFacts });
  const before = await filesOf(host, source);
  await assert.rejects(commits.create(source, aCommitOrder(), never), is("no_capacity"));
  assert.deepEqual([await filesOf(host, source), await layersOf(host)], [before, []]);
});

/** The steps of a commit, in their order. */
const STEPS = ["seal", "addOverlay", "insert", "keepOnlyOverlay", "collect"] as const;

/** Parts of a host that dies before a step: that one, and all after it, never happen. */
function dyingBefore<Part extends object>(step: (typeof STEPS)[number], part: Part): Part {
  const late: readonly unknown[] = STEPS.slice(STEPS.indexOf(step));
  const death = new Error("the power is gone");
  const dead = (name: unknown) => {
    if (name === "insert") throw death;
    return Promise.reject(death);
  };
  return new Proxy(part, {
    get(target, name) {
      if (late.includes(name)) return () => dead(name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

for (const step of STEPS.slice(0, -1)) {
  test(`commit: a daemon that dies before ${step} has made all of it, or nothing`, async () => {
    await using it = await commitStage();
    const { host, vms, source } = it;
    await write(host, source);
    const isMade = step === "keepOnlyOverlay";
    const commits = fakeCommits(host, vms, {
      layers: dyingBefore(step, host.layers),
      disks: dyingBefore(step, host.disks),
      commitStore: dyingBefore(step, host.commitStore),
      keptLayers: dyingBefore(step, host.keptLayers),
    });
    const made = commits.create(source, aCommitOrder(), never);
    if (isMade) await made;
    else await assert.rejects(made, /the power is gone/);
    assert.ok((await filesOf(host, source)).includes("disk.qcow2"), "the power was gone");
    await vms.abandonAll();

    const next = await host.open();

    const vm = next.get("sbox-1");
    const [commit] = fakeCommits(host, next).list(ALL);
    assert.equal(vm.record.layer, commit?.layer);
    assert.equal(commit !== undefined, isMade);
    assert.deepEqual(await filesOf(host, vm), [
      commit ? `disk-${commit.layer}.qcow2` : "disk.qcow2",
    ]);
    assert.deepEqual(await layersOf(host), commit ? [commit.layer] : []);
    await next.startAgain(vm, never);
  });
}

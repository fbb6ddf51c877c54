import assert from "node:assert/strict";
import { test } from "node:test";

import type { Commit } from "#core/commit/commit.ts";
import { newCommitId, newLayerId, newVmId } from "#core/ids.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { openDb } from "./db.ts";
import { SqliteCommitStore } from "./sqlite-commit-store.ts";
import { SqliteVmStore } from "./sqlite-vm-store.ts";

function stage() {
  const db = openDb(":memory:");
  const vms = new SqliteVmStore(db);
  const source = aVmRecord({ kind: "persistent" });
  vms.insert(source);
  const aCommit = (different: Partial<Commit> = {}): Commit => ({
    id: newCommitId(),
    sourceId: source.id,
    sourceHostname: source.hostname,
    group: source.group,
    imageId: source.imageId,
    layer: newLayerId(),
    createdAt: new Date(5_000),
    cacheKey: undefined,
    tags: ["a", "ü"],
    labels: { of: 'a "b"' },
    spec: source.spec,
    ...different,
  });
  return {
    vms,
    source,
    aCommit,
    store: new SqliteCommitStore(db),
    [Symbol.dispose]: () => db.close(),
  };
}

test("commit store: a commit comes back whole, and its source stands on its layer", () => {
  using it = stage();
  const [first, second] = [it.aCommit(), it.aCommit({ cacheKey: "k", createdAt: new Date(6_000) })];
  it.store.insert(first);
  it.store.insert(second);
  assert.deepEqual(it.store.all(), [first, second]);
  assert.deepEqual(it.vms.all(), [{ ...it.source, layer: second.layer }]);
  assert.deepEqual(it.store.layers().toSorted(), [first.layer, second.layer].toSorted());
  it.store.remove(first.id);
  assert.deepEqual(it.store.all(), [second]);
});

test("commit store: both or neither: a commit that cannot be stored leaves its source where it was", () => {
  using it = stage();
  it.store.insert(it.aCommit({ cacheKey: "k" }));
  const before = it.vms.all();
  assert.throws(() => it.store.insert(it.aCommit({ cacheKey: "k" })), /UNIQUE/);
  assert.throws(() => it.store.insert(it.aCommit({ sourceId: newVmId() })), /invariant/);
  assert.deepEqual(it.vms.all(), before);
  assert.equal(it.store.all().length, 1);
});

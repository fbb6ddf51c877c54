import assert from "node:assert/strict";
import { test } from "node:test";

import { asTree, type Commit, type Descent } from "./commits.ts";

function commit(commitId: string, sourceHostname: string): Commit {
  const createdAt = "2026-01-02T03:04:05Z";
  return { commitId, sourceHostname, sourceHostGroup: "sbox", createdAt, mode: "disk" };
}

function vm(hostname: string, from?: string, createdAt = "2026-01-01T00:00:00.000Z"): Descent {
  return from === undefined
    ? { hostname, origin: { how: "boot" }, createdAt }
    : { hostname, origin: { how: "commit", commit: from }, createdAt };
}

test("commits: one of a VM that came from another stands below that", () => {
  const commits = [commit("c1", "a-1"), commit("c2", "a-2"), commit("c3", "b-1")];
  const rows = asTree(commits, [vm("a-1"), vm("a-2", "c1"), vm("a-3", "c1")]);
  assert.deepEqual(
    rows.map(({ commit: { commitId }, depth, hasSource, children }) => [
      commitId,
      depth,
      hasSource,
      children,
    ]),
    [
      ["c1", 0, true, ["a-2", "a-3"]],
      ["c2", 1, true, []],
      ["c3", 0, false, []],
    ],
  );
});

test("commits: one whose parent is gone stands by itself, and none is lost", () => {
  const rows = asTree([commit("c2", "a-2")], [vm("a-2", "c1")]);
  assert.deepEqual(
    rows.map(({ commit: { commitId }, depth }) => [commitId, depth]),
    [["c2", 0]],
  );
});

test("commits: a VM that was made of a commit, and got its source's name, does not hide it", () => {
  const rows = asTree([commit("c1", "a-1")], [vm("a-1", "c1", "2026-02-01T00:00:00.000Z")]);
  assert.deepEqual(
    rows.map(({ hasSource, children }) => [hasSource, children]),
    [[false, ["a-1"]]],
  );
});

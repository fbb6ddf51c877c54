import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { withClient, withHost } from "./testing/with-host.ts";

const never = new AbortController().signal;

describe("commits", { timeout: 60_000 }, () => {
  test("a commit's life, in the API's words", async () => {
    await withHost({}, async ({ commits }, host) => {
      await assert.rejects(commits.create("vm-1", {}, never), { status: 409 });
      host.addVm("vm-1").status = "Stopped";
      const spec = { tags: ["a"], labels: { made_by: "me" }, cache_key: "k 1" };
      const { commit_id: id, status } = await commits.create("vm-1", spec, never);
      assert.equal(status, "committed");
      await commits.create("vm-1", {}, never);
      const listed = await commits.list({ tag: ["a"], cache_key: "k 1", source: "vm-1" }, never);
      assert.deepEqual(
        listed.map(({ commit_id }) => commit_id),
        [id],
      );
      assert.equal(host.seen.at(-1)?.query.toString(), "tag=a&cache_key=k+1&source=vm-1");
      const options = { wait: "agent", timeoutMs: 1500 } as const;
      const child = await commits.fork(id, { vcpu: 2, fixups: [] }, options, never);
      assert.deepEqual([child.hostname, child.persistent], ["sbox-7", true]);
      assert.equal(host.seen.at(-1)?.query.toString(), "wait=agent&timeout=1500ms");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), { vcpu: 2, fixups: [] });
      assert.equal((await commits.delete(id, never)).status, "deleted");
      await assert.rejects(commits.delete(id, never), { status: 404, code: "commit_not_found" });
      await assert.rejects(commits.delete("..", never), /not a name/);
    });
  });

  test("the same, as a TypeScript program writes it; names of labels stay as they are", async () => {
    await withClient({}, async ({ commits }, host) => {
      host.addVm("vm-1").status = "Stopped";
      const request = { labels: { made_by: "me" }, cacheKey: "k" };
      const made = await commits.create("vm-1", request);
      assert.deepEqual([made.cacheKey, made.labels], ["k", { made_by: "me" }]);
      const [listed] = await commits.list({ cacheKey: "k", tags: [], source: "vm-1" });
      assert.deepEqual([listed?.commitId, listed?.labels], [made.commitId, { made_by: "me" }]);
      const wanted = { cpus: 1, ramBytes: 2 ** 28, tagMode: "replace", tags: [] } as const;
      const child = await commits.fork(made.commitId, wanted, { waitTimeoutSec: 60 });
      assert.equal(child.sourceHostname, "vm-1");
      assert.equal(host.seen.at(-1)?.query.toString(), "wait=agent&timeout=60000ms");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), {
        vcpu: 1,
        ram_bytes: 2 ** 28,
        tag_mode: "replace",
        tags: [],
      });
      await commits.fork(made.commitId, {}, { wait: "none" });
      assert.equal(host.seen.at(-1)?.query.toString(), "wait=none");
      assert.equal((await commits.delete(made.commitId)).commitId, made.commitId);
    });
  });
});

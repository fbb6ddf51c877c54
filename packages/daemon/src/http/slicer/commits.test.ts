import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, exactly, filled, list, shape, text, time } from "#testing/strict-json.ts";

/** The surface with a stopped persistent VM. */
async function withSource(body: object = {}): Promise<SlicerApi> {
  const api = await SlicerApi.make();
  await api.vm({ persistent: true, ...body });
  await api.call("POST /vm/sbox-1/shutdown");
  await eventually("it has stopped", () => api.vms.get("sbox-1").phase === "stopped");
  return api;
}

async function commitIn(api: SlicerApi, body: object = {}): Promise<string> {
  const answer = await api.call("POST /vm/sbox-1/commit", { body: JSON.stringify(body) });
  assert.equal(answer.status, 200, answer.text);
  const { commit_id: id }: { commit_id: string } = JSON.parse(answer.text);
  return id;
}

test("slicer commit: a stopped persistent VM; the answer, the list and the description say the same", async () => {
  await using api = await withSource();
  const body = JSON.stringify({ tags: ["a"], labels: { of: "it" }, cache_key: " deps " });
  const made = await api.call("POST /vm/sbox-1/commit", { body });
  assert.equal(made.status, 200, made.text);
  const said = {
    tags: list(exactly("a")),
    labels: shape({ of: exactly("it") }),
    cache_key: exactly("deps"),
  };
  const committed = shape({
    hostname: exactly("sbox-1"),
    commit_id: filled,
    status: exactly("committed"),
    parent_status: exactly("stopped"),
    mode: exactly("disk"),
    ...said,
  });
  assertStrict(made.text, committed);
  const { commit_id: id }: { commit_id: string } = JSON.parse(made.text);
  assert.match(id, /^cmt-[0-9a-f]{12}$/);

  const listed = await api.call("GET /vm/commits");
  const one = shape({
    commit_id: exactly(id),
    source_hostname: exactly("sbox-1"),
    source_host_group: exactly("sbox"),
    created_at: time,
    mode: exactly("disk"),
    ...said,
  });
  assertStrict(listed.text, list(one));
  const described: { commit_id: string } = JSON.parse((await api.call("GET /vm/sbox-1")).text);
  assert.equal(described.commit_id, id);
  const again = await api.call("POST /vm/sbox-1/commit", { body });
  assert.equal(again.text, made.text, "the same key, and nothing written");
});

test("slicer commit: without a body, and with nulls, as clients send them", async () => {
  await using api = await withSource();
  const bare = await api.call("POST /vm/sbox-1/commit");
  assertStrict(
    bare.text,
    shape({
      hostname: filled,
      commit_id: filled,
      status: filled,
      parent_status: filled,
      mode: filled,
      tags: list(text),
      labels: shape({}),
    }),
  );
  await commitIn(api, { tags: null, labels: null, cache_key: null });
  await commitIn(api, { cache_key: "" });
  assert.equal(JSON.parse((await api.call("GET /vm/commits")).text).length, 3);
});

test("slicer commits: filters", async () => {
  await using api = await withSource();
  const a = await commitIn(api, { tags: ["x", "y"], cache_key: "k 1" });
  const b = await commitIn(api, { tags: ["x"] });
  const FILTERS: readonly (readonly [string, readonly string[]])[] = [
    ["", [a, b]],
    ["?tag=x", [a, b]],
    ["?tag=x&tag=y", [a]],
    ["?tag=", [a, b]],
    ["?tag=z", []],
    ["?cache_key=k+1", [a]],
    ["?source=sbox-1&mode=disk", [a, b]],
    ["?source=sbox-2", []],
    ["?mode=memory", []],
  ];
  for (const [query, wanted] of FILTERS) {
    const found: { commit_id: string }[] = JSON.parse(
      (await api.call(`GET /vm/commits${query}`)).text,
    );
    assert.deepEqual(
      found.map((it) => it.commit_id),
      wanted,
      query,
    );
  }
});

test("slicer commit: what is refused", async () => {
  await using api = await withSource();
  await api.vm({ persistent: true });
  await api.vm({});
  const id = await commitIn(api, { cache_key: "k" });
  const REFUSED: readonly (readonly [string, object, number])[] = [
    ["POST /vm/sbox-2/commit", {}, 409],
    ["POST /vm/sbox-3/commit", {}, 409],
    ["POST /vm/sbox-9/commit", {}, 404],
    ["POST /vm/sbox-1/commit", { tags: [""] }, 400],
    ["POST /vm/sbox-1/commit", { labels: { "": "x" } }, 400],
    ["POST /vm/sbox-1/commit", { labels: { a: 1 } }, 400],
    ["POST /vm/sbox-1/commit", { cache_key: "x".repeat(300) }, 400],
    ["DELETE /vm/commits/cmt-0", {}, 404],
    [`DELETE /vm/commits/${id}`, {}, 409],
    ["POST /vm/commits/cmt-0/fork", {}, 404],
    [`POST /vm/commits/${id}/fork?wait=soon`, {}, 400],
    [`POST /vm/commits/${id}/fork?timeout=x&wait=agent`, {}, 400],
    [`POST /vm/commits/${id}/fork`, { fixups: ["clock"] }, 400],
    [`POST /vm/commits/${id}/fork`, { tag_mode: "merge" }, 400],
    [`POST /vm/commits/${id}/fork`, { vcpu: 99 }, 400],
    [`POST /vm/commits/${id}/fork`, { network: { allow: [] } }, 400],
  ];
  for (const [line, body, status] of REFUSED) {
    const answer = await api.call(line, { body: JSON.stringify(body) });
    assert.equal(answer.status, status, `${line} ${JSON.stringify(body)}: ${answer.text}`);
  }
  assert.equal(api.vms.list().length, 3);
});

test("slicer fork: a child with a name of its own; the commit goes when nobody needs it", async () => {
  await using api = await withSource({ tags: ["a"] });
  const id = await commitIn(api);
  const body = JSON.stringify({ hostname: "ignored", tags: ["b"], vcpu: 1, persistent: null });
  const forked = await api.call(`POST /vm/commits/${id}/fork?wait=agent&timeout=10s`, { body });
  assert.equal(forked.status, 200, forked.text);
  assertStrict(
    forked.text,
    shape({
      hostname: exactly("sbox-2"),
      source_hostname: exactly("sbox-1"),
      commit_id: exactly(id),
      status: exactly("forked"),
      parent_status: exactly("stopped"),
      child_status: exactly("running"),
      mode: exactly("disk"),
      persistent: exactly(true),
    }),
  );
  const child: { parent_commit_id: string; tags: string[]; cpus: number } = JSON.parse(
    (await api.call("GET /vm/sbox-2")).text,
  );
  assert.deepEqual([child.parent_commit_id, child.tags, child.cpus], [id, ["a", "b"], 1]);

  await api.call("DELETE /hostgroup/sbox/nodes/sbox-1");
  assert.equal((await api.call(`DELETE /vm/commits/${id}`)).status, 409);
  const unwatched = await api.call(`POST /vm/commits/${id}/fork?wait=none`, {
    body: JSON.stringify({ persistent: false, fixups: [] }),
  });
  const parts: Record<string, unknown> = JSON.parse(unwatched.text);
  assert.deepEqual(
    [parts["parent_status"], parts["child_status"], parts["persistent"]],
    ["deleted", "starting", false],
  );
  for (const name of ["sbox-2", String(parts["hostname"])])
    await api.call(`DELETE /hostgroup/sbox/nodes/${name}`);
  const gone = await api.call(`DELETE /vm/commits/${id}`);
  assert.equal(gone.status, 200, gone.text);
  assertStrict(gone.text, shape({ commit_id: exactly(id), status: exactly("deleted") }));
  assert.equal((await api.call("GET /vm/commits")).text, "[]");
});

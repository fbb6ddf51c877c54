import assert from "node:assert/strict";
import { test } from "node:test";

import { SlicerApi } from "#testing/slicer-api.ts";

async function patch(api: SlicerApi, hostname: string, body: unknown) {
  const { status, text } = await api.call(`PATCH /vm/${hostname}/tags`, {
    body: JSON.stringify(body),
  });
  return { status, answer: JSON.parse(text) };
}

test("slicer tags: added, removed, replaced and cleared; the answer is the full list", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ tags: ["a"] });
  for (const [body, tags] of [
    [{ add: ["b", "c"], remove: ["a"] }, ["b", "c"]],
    [{ add: ["b"], remove: null, replace: null }, ["b", "c"]],
    [{}, ["b", "c"]],
    [{ replace: ["x y"] }, ["x y"]],
    [{ replace: [] }, []],
  ] as const) {
    const { status, answer } = await patch(api, "sbox-1", body);
    assert.deepEqual([status, answer], [200, { hostname: "sbox-1", tags }]);
    const read = await api.call("GET /vm/sbox-1/tags");
    assert.deepEqual([read.status, JSON.parse(read.text)], [200, { hostname: "sbox-1", tags }]);
  }
});

test("slicer tags: what is wrong is 400 and changes nothing; a name in use is 409", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ tags: ["a"] });
  await api.vm({ tags: ["name=web"] });
  for (const body of [
    { add: ["b"], replace: ["c"] },
    { remove: [], replace: [] },
    { add: [""] },
    { add: "b" },
    { add: [1] },
    { add: ["name=No"] },
    { replace: ["name=ok"] },
  ]) {
    const { status } = await patch(api, "sbox-1", body);
    assert.equal(status, 400, JSON.stringify(body));
  }
  assert.equal((await patch(api, "sbox-1", { add: ["b", "name=web"] })).status, 409);
  assert.equal((await patch(api, "sbox-1", { add: ["name=sbox-9"] })).status, 409);
  assert.deepEqual(api.vms.get("sbox-1").record.spec.tags, ["a"]);
  assert.equal((await patch(api, "sbox-2", { remove: ["name=web"] })).status, 400);
  assert.equal((await patch(api, "sbox-9", {})).status, 404);
  assert.equal((await api.call("GET /vm/sbox-9/tags")).status, 404);
  const taken = await api.call("POST /hostgroup/sbox/nodes", { body: '{"tags":["name=web"]}' });
  assert.equal(taken.status, 409);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { SlicerApi } from "#testing/slicer-api.ts";

test("slicer devices: the machines of this host, as nodes", async () => {
  await using api = await SlicerApi.make();
  assert.equal((await api.call("GET /devices")).text, "[]");
  await api.vm();
  const { status, text } = await api.call("GET /devices");
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), JSON.parse((await api.call("GET /nodes")).text));
});

test("slicer daemon: a shutdown is 202 with nothing in it, and the end begins", async () => {
  let stops = 0;
  await using api = await SlicerApi.make({ token: "secret", stop: () => (stops += 1) });
  assert.equal((await api.call("POST /daemon/shutdown")).status, 401);
  assert.equal(stops, 0);
  const address = await api.listen();
  const answer = await fetch(`http://${address}/daemon/shutdown`, {
    method: "POST",
    headers: { authorization: "Bearer secret" },
  });
  assert.deepEqual([answer.status, await answer.text()], [202, ""]);
  assert.equal(stops, 1);
});

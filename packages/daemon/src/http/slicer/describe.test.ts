import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import {
  assertStrict,
  count,
  exactly,
  filled,
  list,
  shape,
  text,
  time,
} from "#testing/strict-json.ts";

const POLICY = shape({ allow: list(text), drop: list(text) });

test("slicer describe: a VM with its node's fields, its image and its network", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ tags: ["a"], persistent: true });
  const { status, text: body } = await api.call("GET /vm/sbox-1");
  assert.equal(status, 200);
  const described = shape({
    hostname: exactly("sbox-1"),
    hostgroup: exactly("sbox"),
    ip: filled,
    ram_bytes: count,
    cpus: count,
    created_at: time,
    arch: exactly("x86_64"),
    tags: list(exactly("a")),
    status: exactly("Running"),
    phase: exactly("running"),
    persistent: exactly(true),
    storage: exactly("image"),
    image: exactly("base"),
    network: shape({
      mode: exactly("user"),
      policy_source: exactly("host_group"),
      host_group: POLICY,
      effective: POLICY,
    }),
    open_agent_connections: exactly(0),
    bg_execs: list(filled),
  });
  assertStrict(body, described);
  assert.equal((await api.call("GET /vm/sbox-9")).status, 404);
});

test("slicer describe: the list of commits is no VM", async () => {
  await using api = await SlicerApi.make();
  const { status, text: body } = await api.call("GET /vm/commits");
  assert.deepEqual([status, body], [200, "[]"]);
});

test("slicer relaunch: a stopped VM answers as a new one does; one that runs is 409", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ persistent: true, tags: ["a"] });
  assert.equal((await api.call("POST /vm/sbox-1/relaunch")).status, 409);
  await api.call("POST /vm/sbox-1/shutdown");
  const { status, text: body } = await api.call("POST /vm/sbox-1/relaunch");
  assert.equal(status, 200);
  const answer = shape({
    hostname: exactly("sbox-1"),
    hostgroup: exactly("sbox"),
    ip: filled,
    created_at: time,
    arch: exactly("amd64"),
    persistent: exactly(true),
    tags: list(exactly("a")),
  });
  assertStrict(body, answer);
  await eventually("it runs", () => api.vms.get("sbox-1").phase === "running");
  assert.equal((await api.call("HEAD /vm/sbox-1/health")).status, 200);
  assert.equal((await api.call("POST /vm/sbox-9/relaunch")).status, 404);
});

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { MIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import {
  assertStrict,
  count,
  exactly,
  filled,
  flag,
  list,
  matching,
  maybe,
  shape,
  text,
  time,
} from "#testing/strict-json.ts";
import { aVmRecord } from "#testing/vm-records.ts";

const NODE = shape({
  hostname: matching(/^sbox-\d+$/),
  hostgroup: exactly("sbox"),
  ip: matching(/^10\.233\.\d+\.\d+$/),
  ram_bytes: count,
  cpus: count,
  created_at: time,
  arch: exactly("x86_64"),
  tags: list(text),
  status: matching(/^(Running|Paused|Stopped)$/),
  persistent: flag,
  phase: filled,
  status_reason: maybe(filled),
});

const CREATED = shape({
  hostname: matching(/^sbox-\d+$/),
  hostgroup: exactly("sbox"),
  ip: matching(/^10\.233\.\d+\.\d+$/),
  created_at: time,
  arch: exactly("amd64"),
  persistent: flag,
  tags: list(text),
});

const ERROR = shape({ error: filled, code: filled });

const CREATE = "POST /hostgroup/sbox/nodes";

/** for the tests that only ask whether something is accepted */
const shared = await SlicerApi.make();
after(() => shared[Symbol.asyncDispose]());

for (const path of ["/nodes", "/hostgroup/sbox/nodes"]) {
  test(`slicer nodes: GET ${path} without VMs is an empty list`, async () => {
    await using api = await SlicerApi.make();
    const { status, type, text: body } = await api.call(`GET ${path}`);
    assert.deepEqual([status, type, body], [200, "application/json; charset=utf-8", "[]"]);
  });

  test(`slicer nodes: GET ${path} shows VMs in each state, in words that strict clients read`, async () => {
    await using api = await SlicerApi.make();
    const names = [];
    for (const persistent of [false, true, true]) {
      names.push(await api.vm({ persistent, tags: ["a", "b"], cpus: 1, ram_bytes: 128 * MIB }));
    }
    await api.call("POST /vm/sbox-2/pause");
    await api.call("POST /vm/sbox-3/shutdown?action=shutdown");
    await eventually("it is stopped", () => api.vms.get("sbox-3").phase === "stopped");
    const { text: body } = await api.call(`GET ${path}`);
    assertStrict(body, list(NODE));
    const nodes: object[] = JSON.parse(body);
    const size = { cpus: 1, ram_bytes: 128 * MIB, tags: ["a", "b"] };
    assert.partialDeepStrictEqual(nodes, [
      { hostname: "sbox-1", status: "Running", persistent: false, ip: "10.233.0.4", ...size },
      { hostname: "sbox-2", status: "Paused", persistent: true, ip: "10.233.0.20", ...size },
      { hostname: "sbox-3", status: "Stopped", status_reason: "Shut down on request", ...size },
    ]);
  });

  const FILTERS: readonly (readonly [query: string, hostnames: readonly string[]])[] = [
    ["", ["sbox-1", "sbox-2", "sbox-3"]],
    ["?tag=", ["sbox-1", "sbox-2", "sbox-3"]],
    ["?tag=user%3Dann+lee", ["sbox-1"]],
    ["?tag=user%3Dann%2Blee", ["sbox-2"]],
    ["?tag=user", []],
    ["?tag_prefix=user%3D", ["sbox-1", "sbox-2"]],
    ["?tag_prefix=user%3D&nonsense=1", ["sbox-1", "sbox-2"]],
    ["?tag=x&tag=user%3Dann+lee", ["sbox-2"]],
    ["%3Ftag=user%253Dann%2Blee", ["sbox-1"]],
    ["%3ftag=user%253Dann%252Blee", ["sbox-2"]],
    ["%3Ftag_prefix=user", ["sbox-1", "sbox-2"]],
  ];

  test(`slicer nodes: GET ${path} filters by tags, also when Go's SDK glues the query to the path`, async () => {
    await using api = await SlicerApi.make();
    for (const tags of [["user=ann lee"], ["x", "user=ann+lee"], []]) await api.vm({ tags });
    for (const [query, wanted] of FILTERS) {
      const { text: body, status } = await api.call(`GET ${path}${query}`);
      assert.equal(status, 200);
      const nodes: { hostname: string }[] = JSON.parse(body);
      const names = nodes.map(({ hostname }) => hostname);
      assert.deepEqual([query, names], [query, wanted]);
    }
  });

  test(`slicer nodes: GET ${path} takes a tag or a prefix, not both`, async () => {
    await using api = await SlicerApi.make();
    const { status, text: body } = await api.call(`GET ${path}?tag=a&tag_prefix=b`);
    assert.equal(status, 400);
    assertStrict(body, ERROR);
  });
}

test("slicer nodes: a created VM is answered with 201, and listed at once", async () => {
  await using api = await SlicerApi.make();
  const { status, type, text: body } = await api.call(CREATE, { body: "{}" });
  assert.deepEqual([status, type], [201, "application/json; charset=utf-8"]);
  assertStrict(body, CREATED);
  assert.partialDeepStrictEqual(JSON.parse(body), { hostname: "sbox-1", persistent: false });
  assertStrict((await api.call("GET /nodes")).text, list(NODE));
});

const BODIES: readonly (readonly [what: string, body: string | undefined, type?: string])[] = [
  ["no body", undefined],
  ["an empty body", "", "application/json"],
  ["white space", " \n ", "application/json"],
  ["null", "null"],
  ["JSON without a content type", '{"tags":["x"]}'],
  ["JSON that calls itself a form, as curl does", "{}", "application/x-www-form-urlencoded"],
  ["JSON that calls itself text", "{}", "text/plain"],
  ["JSON of an unknown type", "{}", "application/vnd.nobody+json"],
  ["fields nobody knows", '{"hostname":"mine","protected":true,"pci_devices":["x"],"new":{}}'],
  [
    "zero values",
    '{"cpus":0,"ram_bytes":0,"gpu_count":0,"userdata":"","disk_image":"","count":0,"persistent":false}',
  ],
  ["nulls", '{"cpus":null,"ram_bytes":null,"tags":null,"ssh_keys":null,"userdata":null}'],
];

for (const [what, body, type] of BODIES) {
  test(`slicer nodes: a VM is created from ${what}`, async () => {
    const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
    const answer = await shared.call(CREATE, { headers, ...(body === undefined ? {} : { body }) });
    assert.deepEqual([answer.status, answer.status === 201 ? "" : answer.text], [201, ""]);
    const { hostname }: { hostname: string } = JSON.parse(answer.text);
    assert.equal(shared.vms.get(hostname).record.spec.vcpus, 2);
  });
}

const WRONG_BODIES: readonly (readonly [body: string, status: number])[] = [
  ["{", 400],
  ["[]", 400],
  ['"text"', 400],
  ["7", 400],
  ['{"cpus":"2"}', 400],
  ['{"cpus":1.5}', 400],
  ['{"cpus":-1}', 400],
  ['{"ram_bytes":"1GiB"}', 400],
  ['{"tags":"x"}', 400],
  ['{"tags":[1]}', 400],
  ['{"tags":{"0":"x"}}', 400],
  ['{"persistent":"yes"}', 400],
  ['{"userdata":["x"]}', 400],
  ['{"cpus":3}', 400],
  ['{"ram_bytes":1073741825}', 400],
  ['{"ram_bytes":1024}', 400],
  ['{"gpu_count":1}', 400],
  ['{"count":2}', 400],
  ['{"secrets":["token"]}', 400],
  ['{"secrets":"token"}', 400],
  ['{"import_user":"ada","github_user":"bob"}', 400],
  ['{"import_user":"no such/user"}', 400],
  ['{"ip":"10.0.0.9"}', 400],
  [`{"userdata":"${"x".repeat(1024 * 1024)}"}`, 413],
];

for (const [body, wanted] of WRONG_BODIES) {
  test(`slicer nodes: ${body.slice(0, 40)} creates nothing and is answered with ${wanted}`, async () => {
    const before = shared.vms.list().length;
    const { status, text: answer } = await shared.call(CREATE, { body });
    assert.equal(status, wanted);
    assertStrict(answer, ERROR);
    assert.equal(shared.vms.list().length, before);
  });
}

test("slicer nodes: everything wrong with a request is said at once", async () => {
  await using api = await SlicerApi.make();
  const { text: body } = await api.call(CREATE, { body: '{"cpus":99,"gpu_count":3}' });
  assert.match(body, /cpus: 99 is more than .*; gpu_count: 3 asked/);
});

const WRONG_QUERIES: readonly string[] = [
  "wait=ssh",
  "wait=agent&timeout=soon",
  "wait=agent&timeout=-5s",
  "wait=agent&timeout=5x",
  "wait=agent&timeout=2h",
];

for (const query of WRONG_QUERIES) {
  test(`slicer nodes: ?${query} creates nothing and is answered with 400`, async () => {
    const before = shared.vms.list().length;
    const { status, text: body } = await shared.call(`${CREATE}?${query}`, { body: "{}" });
    assert.equal(status, 400);
    assertStrict(body, ERROR);
    assert.equal(shared.vms.list().length, before);
  });
}

for (const timeout of ["2m0s", "60s", "1.5m", "20000ms", "20", "9999999us", "9000000000ns", ""]) {
  test(`slicer nodes: a wait may last ${JSON.stringify(timeout)}`, async () => {
    const { status } = await shared.call(`${CREATE}?wait=agent&timeout=${timeout}`, { body: "{}" });
    assert.equal(status, 201);
  });
}

test("slicer nodes: a timeout is ignored without a wait", async () => {
  await using api = await SlicerApi.make();
  const { status } = await api.call(`${CREATE}?timeout=soon`, { body: "{}" });
  assert.equal(status, 201);
});

test("slicer nodes: a wait for userdata ends with the script", async () => {
  await using api = await SlicerApi.make();
  const body = JSON.stringify({ userdata: "#!/bin/sh\necho hi > /tmp/done" });
  const { status } = await api.call(`${CREATE}?wait=userdata&timeout=10s`, { body });
  assert.equal(status, 201);
  const health = await api.call("GET /vm/sbox-1/health");
  assert.partialDeepStrictEqual(JSON.parse(health.text), {
    userdata_ran: true,
    userdata_exit_code: 0,
  });
});

for (const timeout of ["50ms", "1500us", "1ns", "0"]) {
  test(`slicer nodes: a VM that is not ready after ${timeout} is deleted first, then 408 is answered`, async () => {
    await using api = await SlicerApi.make();
    const body = JSON.stringify({ userdata: "sleep 60" });
    const answer = await api.call(`${CREATE}?wait=userdata&timeout=${timeout}`, { body });
    assert.equal(answer.status, 408);
    assertStrict(answer.text, ERROR);
    assert.deepEqual(api.vms.list(), []);
    assert.deepEqual(await api.host.disks.list(), []);
  });
}

test("slicer nodes: a host group that does not exist is 404, whatever is asked of it", async () => {
  await using api = await SlicerApi.make();
  for (const line of [
    "GET /hostgroup/none/nodes",
    "POST /hostgroup/none/nodes",
    "DELETE /hostgroup/none/nodes/x-1",
  ]) {
    const { status, text: body } = await api.call(line);
    assert.deepEqual([line, status], [line, 404]);
    assertStrict(body, ERROR);
  }
});

test("slicer nodes: a host that is full answers 503, and says what is short", async () => {
  const limits = {
    memoryReserveMiB: 0,
    memoryOvercommit: 1,
    cpuOvercommit: 64,
    diskReserveBytes: 0,
    maxVms: 1,
  };
  await using api = await SlicerApi.make({ parts: () => ({ limits }) });
  await api.vm();
  const { status, text: body } = await api.call(CREATE, { body: "{}" });
  assert.equal(status, 503);
  assert.match(body, /Not enough room for VMs/);
});

const STATES: readonly (readonly [state: string, bring: (api: SlicerApi) => Promise<unknown>])[] = [
  ["running", async () => {}],
  ["paused", (api) => api.call("POST /vm/sbox-1/pause")],
  [
    "stopped",
    async (api) => {
      await api.call("POST /vm/sbox-1/shutdown");
      await eventually("it is stopped", () => api.vms.get("sbox-1").phase === "stopped");
    },
  ],
];

for (const [state, bring] of STATES) {
  test(`slicer nodes: a VM that is ${state} is deleted, and the second time is 404`, async () => {
    await using api = await SlicerApi.make();
    await api.vm({ persistent: true });
    await bring(api);
    const { status, type, text: body } = await api.call("DELETE /hostgroup/sbox/nodes/sbox-1");
    assert.deepEqual([status, type], [200, "application/json; charset=utf-8"]);
    assertStrict(body, shape({ message: exactly("Node deleted"), disk_removed: exactly("true") }));
    assert.equal((await api.call("GET /nodes")).text, "[]");
    const second = await api.call("DELETE /hostgroup/sbox/nodes/sbox-1");
    assert.equal(second.status, 404);
    assertStrict(second.text, ERROR);
  });
}

test("slicer nodes: a DELETE may carry a body and a content type", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  const headers = { "content-type": "application/json" };
  const answer = await api.call("DELETE /hostgroup/sbox/nodes/sbox-1", { headers, body: "{}" });
  assert.equal(answer.status, 200);
});

test("slicer nodes: a VM that the configuration declares is not deleted, which is 403", async () => {
  const since = new Date();
  const state = {
    phase: "stopped",
    since,
    reason: undefined,
    machine: undefined,
    saved: undefined,
  } as const;
  const declared = aVmRecord({ kind: "service", state });
  await using api = await SlicerApi.make({
    parts: (host) => {
      host.store.insert(declared);
      return {};
    },
  });
  const { status, text: body } = await api.call("DELETE /hostgroup/sbox/nodes/sbox-1");
  assert.equal(status, 403);
  assertStrict(body, ERROR);
  assert.equal(api.vms.list().length, 1);
});

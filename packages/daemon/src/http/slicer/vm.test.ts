import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";

import { FakeDialer } from "#drivers/fake/fake-agent.ts";
import { FakeHypervisor } from "#drivers/fake/fake-hypervisor.ts";
import { FakeWorld } from "#drivers/fake/fake-world.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { silentDialer } from "#testing/troubles.ts";
import {
  assertStrict,
  count,
  exactly,
  filled,
  flag,
  list,
  matching,
  shape,
  text,
} from "#testing/strict-json.ts";

const ERROR = shape({ error: filled, code: filled });
const JSON_TYPE = "application/json; charset=utf-8";

test("slicer host: GET /info says what this is, in Go's words", async () => {
  await using api = await SlicerApi.make();
  const { status, type, text: body } = await api.call("GET /info");
  assert.deepEqual([status, type], [200, JSON_TYPE]);
  assert.deepEqual(JSON.parse(body), {
    version: "1.2.3",
    git_commit: "c0ffee",
    platform: "linux",
    arch: "amd64",
  });
});

test("slicer host: GET /healthz is ok, and HEAD has no body", async () => {
  await using api = await SlicerApi.make();
  const { status, type, text: body } = await api.call("GET /healthz");
  assert.deepEqual([status, type, body], [200, JSON_TYPE, '{"status":"ok"}']);
  const head = await api.call("HEAD /healthz");
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("slicer host: GET /hostgroup lists the groups with their sizes", async () => {
  await using api = await SlicerApi.make();
  const { status, type, text: body } = await api.call("GET /hostgroup");
  assert.deepEqual([status, type], [200, JSON_TYPE]);
  const group = shape({
    name: exactly("sbox"),
    count: exactly(0),
    ram_bytes: exactly(1024 ** 3),
    cpus: exactly(2),
    gpu_count: exactly(0),
    arch: exactly("x86_64"),
  });
  assertStrict(body, list(group));
});

const HEALTH = shape({
  hostname: exactly("sbox-1"),
  agent_uptime: count,
  agent_version: filled,
  system_uptime: count,
  userdata_ran: flag,
  ip: matching(/^10\.233\.0\.4$/),
});

test("slicer health: GET tells how the agent is, in whole nanoseconds", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  const { status, type, text: body } = await api.call("GET /vm/sbox-1/health");
  assert.deepEqual([status, type], [200, JSON_TYPE]);
  assertStrict(body, HEALTH);
  const { agent_uptime: uptime, userdata_ran: ran } = JSON.parse(body);
  assert.ok(uptime > 0);
  assert.equal(ran, true);
});

test("slicer health: HEAD answers as GET does, without a body", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  assert.deepEqual(await statusAndBody(api, "HEAD /vm/sbox-1/health"), [200, ""]);
  await api.call("POST /vm/sbox-1/pause");
  assert.deepEqual(await statusAndBody(api, "HEAD /vm/sbox-1/health"), [409, ""]);
  assert.deepEqual(await statusAndBody(api, "HEAD /vm/none-1/health"), [404, ""]);
});

test("slicer health: a script that has not ended has no exit code", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ userdata: "sleep 60" });
  const { text: body } = await api.call("GET /vm/sbox-1/health");
  assertStrict(body, HEALTH);
  assert.equal(JSON.parse(body).userdata_ran, false);
});

test("slicer health: a guest whose agent does not answer is 503, within two seconds", async () => {
  await using api = await SlicerApi.make({ parts: () => ({ dialer: silentDialer }) });
  await api.call("POST /hostgroup/sbox/nodes");
  const before = performance.now();
  const { status, text: body } = await api.call("GET /vm/sbox-1/health");
  assert.equal(status, 503);
  assertStrict(body, ERROR);
  assert.ok(performance.now() - before < 2_000);
});

test("slicer power: pause, resume, and both again, are 200 in plain text", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  for (const [verb, phase] of [
    ["pause", "paused"],
    ["pause", "paused"],
    ["resume", "running"],
    ["resume", "running"],
  ] as const) {
    const { status, type } = await api.call(`POST /vm/sbox-1/${verb}`);
    assert.deepEqual([status, type], [200, "text/plain"]);
    assert.equal(api.vms.get("sbox-1").phase, phase);
  }
  const health = await api.call("GET /vm/sbox-1/health");
  assert.equal(health.status, 200);
});

const WHILE_PAUSED = [
  "GET /vm/sbox-1/health",
  "POST /vm/sbox-1/exec?cmd=true",
  "GET /vm/sbox-1/cp?path=/etc",
  "POST /vm/sbox-1/cp?path=/tmp/x",
  "POST /vm/sbox-1/shutdown?action=reboot",
] as const;

test("slicer power: nothing in a paused VM can be used: 409", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  await api.call("POST /vm/sbox-1/pause");
  for (const line of WHILE_PAUSED) {
    const { status, text: body } = await api.call(line);
    assert.deepEqual([line, status], [line, 409]);
    assertStrict(body, ERROR);
  }
});

test("slicer power: a VM that is stopped cannot be used, paused or resumed: 409", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ persistent: true });
  await api.call("POST /vm/sbox-1/shutdown");
  await eventually("it is stopped", () => api.vms.get("sbox-1").phase === "stopped");
  const verbs = ["POST /vm/sbox-1/pause", "POST /vm/sbox-1/resume"];
  for (const line of [...WHILE_PAUSED, ...verbs]) {
    const { status, text: body } = await api.call(line);
    assert.deepEqual([line, status], [line, 409]);
    assertStrict(body, ERROR);
  }
});

const SHUTDOWNS: readonly (readonly [what: string, query: string, body: string | undefined])[] = [
  ["nothing said", "", undefined],
  ["an empty object", "", "{}"],
  ["it in the query", "?action=shutdown", undefined],
  ["it in the body", "", '{"action":"shutdown"}'],
  ["the query before the body", "?action=shutdown", '{"action":"reboot"}'],
  ["null in the body", "", '{"action":null}'],
  ["an empty query", "?action=", '{"action":"shutdown"}'],
];

for (const [what, query, body] of SHUTDOWNS) {
  test(`slicer shutdown: with ${what} the guest powers off and a persistent VM is kept`, async () => {
    await using api = await SlicerApi.make();
    await api.vm({ persistent: true });
    const call = body === undefined ? {} : { body };
    const { status, type } = await api.call(`POST /vm/sbox-1/shutdown${query}`, call);
    assert.deepEqual([status, type], [200, "text/plain"]);
    await eventually("it is stopped", () => api.vms.get("sbox-1").phase === "stopped");
  });
}

test("slicer shutdown: a sandbox is gone afterwards", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  assert.equal((await api.call("POST /vm/sbox-1/shutdown")).status, 200);
  await eventually("it is gone", () => api.vms.list().length === 0);
});

test("slicer shutdown: a VM that is stopped already is 200", async () => {
  await using api = await SlicerApi.make();
  await api.vm({ persistent: true });
  await api.vms.get("sbox-1").stop(never);
  assert.equal((await api.call("POST /vm/sbox-1/shutdown")).status, 200);
});

for (const [query, body] of [
  ["?action=reboot", undefined],
  ["", '{"action":"reboot"}'],
] as const) {
  test(`slicer shutdown: a reboot by ${query || body} is a new boot of the same machine`, async () => {
    await using api = await SlicerApi.make();
    await api.vm();
    const vm = api.vms.get("sbox-1");
    const { bootId } = api.host.boxOf(vm).guest;
    const call = body === undefined ? {} : { body };
    const { status } = await api.call(`POST /vm/sbox-1/shutdown${query}`, call);
    assert.equal(status, 200);
    await eventually("it rebooted", () => api.host.boxOf(vm).guest.bootId !== bootId);
    assert.equal(vm.phase, "running");
  });
}

/** A host whose machines end when their guests reboot. */
async function withoutReset() {
  const world = new FakeWorld("ends");
  const hypervisor = new FakeHypervisor(world, { bootLatencyMs: 1 });
  const parts = () => ({ hypervisor, dialer: new FakeDialer(world) });
  return { api: await SlicerApi.make({ parts }), world };
}

test("slicer shutdown: where a reboot ends the machine, asking for one shuts down and says so", async () => {
  const made = await withoutReset();
  await using api = made.api;
  await api.vm({ persistent: true });
  const vm = api.vms.get("sbox-1");
  const answer = await api.call("POST /vm/sbox-1/shutdown?action=reboot");
  assert.equal(answer.status, 200);
  assert.match(answer.text, /^Shutting down: .* a reboot ends the VM$/);
  await eventually("it has ended", () => vm.phase === "stopped");
});

test("slicer shutdown: where a reboot ends the machine, a guest that reboots itself ends it, too", async () => {
  const { world, ...made } = await withoutReset();
  await using api = made.api;
  await api.vm();
  world.find(api.vms.get("sbox-1").record.id)?.guest.reboot();
  await eventually("the sandbox is gone", () => api.vms.list().length === 0);
});

for (const [query, body] of [
  ["?action=explode", "{}"],
  ["", '{"action":"explode"}'],
  ["", '{"action":7}'],
  ["", "["],
] as const) {
  test(`slicer shutdown: ${query} ${body} is 400 and nothing happens`, async () => {
    await using api = await SlicerApi.make();
    await api.vm();
    const { status, text: answer } = await api.call(`POST /vm/sbox-1/shutdown${query}`, { body });
    assert.equal(status, 400);
    assertStrict(answer, ERROR);
    assert.equal(api.vms.get("sbox-1").phase, "running");
  });
}

const LOGS = shape({ hostname: exactly("sbox-1"), lines: count, content: text });

const LINES: readonly (readonly [query: string, lines: number, first: string, length: number])[] = [
  ["", 20, "line 11", 20],
  ["?lines=", 20, "line 11", 20],
  ["?lines=3", 3, "line 28", 3],
  ["?lines=0", 0, "line 1", 30],
  ["?lines=1000", 1000, "line 1", 30],
];

for (const [query, lines, first, length] of LINES) {
  test(`slicer logs: ${query || "nothing said"} gives ${length} lines`, async () => {
    await using api = await SlicerApi.make();
    await api.vm();
    await writeConsole(
      api,
      Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`).join(""),
    );
    const { status, type, text: body } = await api.call(`GET /vm/sbox-1/logs${query}`);
    assert.deepEqual([status, type], [200, JSON_TYPE]);
    assertStrict(body, LOGS);
    const logs: { lines: number; content: string } = JSON.parse(body);
    const given = logs.content.trimEnd().split("\n");
    assert.deepEqual([logs.lines, given[0], given.length], [lines, first, length]);
  });
}

test("slicer logs: bytes that are no text are replaced", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  await writeConsole(api, Buffer.from([0x61, 0xff, 0x62, 0x0a]));
  const { text: body } = await api.call("GET /vm/sbox-1/logs");
  assert.equal(JSON.parse(body).content, "a\uFFFDb\n");
});

test("slicer logs: what is no whole number of lines is 400", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  for (const lines of ["-1", "all", "1.5", "99999999999"]) {
    const { status, text: body } = await api.call(`GET /vm/sbox-1/logs?lines=${lines}`);
    assert.deepEqual([lines, status], [lines, 400]);
    assertStrict(body, ERROR);
  }
});

test("slicer vm: a VM nobody knows is 404, whatever is asked of it", async () => {
  await using api = await SlicerApi.make();
  for (const line of [
    "GET /vm/none-1/health",
    "GET /vm/none-1/logs",
    "POST /vm/none-1/pause",
    "POST /vm/none-1/resume",
    "POST /vm/none-1/shutdown",
    "POST /vm/none-1/exec?cmd=true",
    "GET /vm/none-1/cp?path=/x",
    "POST /vm/none-1/cp?path=/x",
  ]) {
    const { status, text: body } = await api.call(line);
    assert.deepEqual([line, status], [line, 404]);
    assertStrict(body, ERROR);
  }
});

async function writeConsole(api: SlicerApi, content: string | Buffer): Promise<void> {
  await writeFile(api.host.disks.consoleLogPath(api.vms.get("sbox-1").record.id), content);
}

async function statusAndBody(api: SlicerApi, line: string): Promise<readonly [number, string]> {
  const { status, text: body } = await api.call(line);
  return [status, body];
}

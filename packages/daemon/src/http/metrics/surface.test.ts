import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";

import { Registry } from "prom-client";
import { WebSocket } from "ws";

import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

import { vmGauges } from "./vm-gauges.ts";

const api = await SlicerApi.make({ token: "t0ken" });
after(() => api[Symbol.asyncDispose]());
const headers = { authorization: "Bearer t0ken" };
const address = await api.listen();

async function page(): Promise<string> {
  const { status, text } = await api.call("GET /metrics", { headers });
  assert.equal(status, 200, text);
  return text;
}

/** The value of one series, such as `name{a="b"}`. */
async function value(series: string): Promise<number | undefined> {
  const line = (await page()).split("\n").find((it) => it.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

test("metrics: the page needs the token, and is what Prometheus reads", async () => {
  assert.equal((await api.call("GET /metrics")).status, 401);
  const { type } = await api.call("GET /metrics", { headers });
  assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
});

const SLICERS = [
  "slicer_vm_launch_total",
  "slicer_vm_running",
  "slicer_vm_gpu_count",
  "slicer_api_requests_total",
  "slicer_api_request_duration_seconds",
  "slicer_system_load_avg_1",
  "slicer_system_load_avg_5",
  "slicer_system_load_avg_15",
  "slicer_system_memory_total_bytes",
  "slicer_system_memory_available_bytes",
  "slicer_system_egress_tx",
  "slicer_system_egress_rx",
  "slicer_system_open_files",
  "slicer_system_open_connections",
];

test("metrics: every name of Slicer's has a series, and every name says what it is", async () => {
  await api.vm({}, headers);
  const text = await page();
  for (const name of SLICERS) assert.match(text, new RegExp(`^${name}(_bucket)?[ {]`, "m"));
  const named = text.matchAll(/^# HELP (\S+) (.+)$/gm);
  for (const [, name, help] of named) assert.ok((help ?? "").length > 5, name);
});

test("metrics: the daemon's process and its event loop are measured", async () => {
  assert.ok(((await value("process_resident_memory_bytes")) ?? 0) > 10_000_000);
  assert.notEqual(await value("nodejs_eventloop_lag_p99_seconds"), undefined);
});

test("metrics: every line is one that a strict reader takes, and no series comes twice", async () => {
  const lines = (await page()).trimEnd().split("\n");
  const label = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"`;
  const series = new RegExp(
    String.raw`^[a-zA-Z_:][\w:]*(?:\{${label}(?:,${label})*\})? (?:-?[\d.]+(?:e[+-]\d+)?|\+Inf|nan)$`,
    "i", // numbers are read as Go reads them
  );
  const seen = new Set<string>();
  for (const line of lines.filter((it) => it !== "" && !it.startsWith("#"))) {
    assert.match(line, series);
    const name = line.slice(0, line.lastIndexOf(" "));
    assert.ok(!seen.has(name), `${name} comes twice`);
    seen.add(name);
  }
});

test("metrics: VMs are counted by group, maker and state, and all states are there", async () => {
  const running = 'slicer_vm_running{host_group="sbox",api="true",state="running"}';
  const paused = 'slicer_vm_running{host_group="sbox",api="true",state="paused"}';
  const before = { running: await value(running), paused: await value(paused) };
  const hostname = await api.vm({}, headers);
  await api.call(`POST /vm/${hostname}/pause`, { headers });
  assert.equal(await value(running), before.running);
  assert.equal(await value(paused), (before.paused ?? 0) + 1);
  assert.equal(
    await value('alcove_vms{host_group="sbox",phase="paused"}'),
    (before.paused ?? 0) + 1,
  );
  assert.equal(await value('slicer_vm_running{host_group="sbox",api="false",state="stopped"}'), 0);
  await api.call(`DELETE /hostgroup/sbox/nodes/${hostname}`, { headers });
  assert.equal(await value(paused), before.paused);
});

test("metrics: two thousand VMs are counted in no time", async () => {
  const vm = api.vms.get(await api.vm({}, headers));
  const many = Array.from({ length: 2_000 }, () => vm);
  const registry = new Registry();
  const groups = api.host.groups;
  vmGauges([registry], { list: () => many }, groups);
  const before = performance.now();
  const text = await registry.metrics();
  assert.ok(performance.now() - before < 5_000);
  assert.match(text, /^alcove_agents\{host_group="sbox",connected="yes"\} 2000$/m);
});

test("metrics: agents that can be asked are counted apart from those that cannot", async () => {
  const connected = 'alcove_agents{host_group="sbox",connected="yes"}';
  const before = (await value(connected)) ?? 0;
  await api.vm({}, headers);
  assert.equal(await value(connected), before + 1);
});

test("metrics: creates are counted by group and status; groups that are none are one", async () => {
  const body = "{}";
  await api.call("POST /hostgroup/sbox/nodes", { headers, body: '{"cpus":99}' });
  await api.call("POST /hostgroup/made-up-1/nodes", { headers, body });
  await api.call("POST /hostgroup/made-up-2/nodes", { headers, body });
  assert.equal(await value('slicer_vm_launch_total{host_group="sbox",code="400"}'), 1);
  assert.equal(await value('slicer_vm_launch_total{host_group="unknown",code="404"}'), 2);
  assert.doesNotMatch(await page(), /made-up/);
});

test("metrics: requests are counted by pattern: what clients make up is in no label", async () => {
  for (let index = 0; index < 20; index += 1) {
    await api.call(`GET /vm/invented-${index}`, { headers });
    await api.call(`GET /invented/${index}`, { headers });
    await api.call(`PUT /vm/invented-${index}`, { headers });
  }
  const text = await page();
  assert.doesNotMatch(text, /invented/);
  assert.equal(await value('alcove_http_requests_total{route="GET /vm/:hostname",code="404"}'), 20);
  assert.equal(await value('alcove_http_requests_total{route="PUT /vm/:hostname",code="405"}'), 20);
  assert.equal(await value('alcove_http_requests_total{route="none",code="404"}'), 20);
  const before = text.split("\n").length;
  for (let index = 0; index < 20; index += 1) await api.call(`GET /vm/other-${index}`, { headers });
  assert.equal((await page()).split("\n").length, before);
});

test("metrics: requests without a token are counted, too", async () => {
  const unauthorised = 'slicer_api_requests_total{method="GET",code="401"}';
  const before = (await value(unauthorised)) ?? 0;
  await api.call("GET /nodes");
  assert.equal(await value(unauthorised), before + 1);
});

test("metrics: a WebSocket is counted when it is over, and is no slow request", async () => {
  const hostname = await api.vm({}, headers);
  const route = 'alcove_http_requests_total{route="GET /vm/:hostname/shell",code="101"}';
  const socket = new WebSocket(`ws://${address}/vm/${hostname}/shell`, { headers });
  await once(socket, "open");
  const open = 'alcove_http_requests_open{route="GET /vm/:hostname/shell"}';
  assert.equal(await value(open), 1);
  socket.close();
  await once(socket, "close");
  const seen = { count: 0 };
  await eventually("it is counted", () => {
    void value(route).then((count) => (seen.count = count ?? 0));
    return seen.count === 1;
  });
  assert.equal(await value(open), 0);
  assert.doesNotMatch(await page(), /duration_seconds_count\{[^}]*code="101"/);
});

function step(name: string): string {
  return `alcove_vm_start_step_seconds_count{step="${name}",how="boot"}`;
}

test("metrics: starts are counted by how they began, and each step of them by its name", async () => {
  const total = 'alcove_vm_starts_total{how="boot"}';
  const before = { total: (await value(total)) ?? 0, boot: (await value(step("boot"))) ?? 0 };
  await api.vm({}, headers);
  assert.equal(await value(total), before.total + 1);
  assert.equal(await value(step("boot")), before.boot + 1);
  assert.equal(await value(step("admit")), before.total + 1);
});

test("metrics: templates are counted, with what they take", async () => {
  await using on = await SlicerApi.make({ templates: "on" });
  const count = async (series: string) => {
    const { text } = await on.call("GET /metrics");
    const line = text.split("\n").find((it) => it.startsWith(`${series} `));
    return Number(line?.slice(series.length));
  };
  assert.equal(await count('alcove_templates{state="ready"}'), 0);
  const built = await on.call("POST /v1/templates", { body: "{}" });
  const { layer_bytes: layerBytes }: { layer_bytes: number } = JSON.parse(built.text);
  assert.equal(await count('alcove_templates{state="ready"}'), 1);
  assert.equal(await count('alcove_templates{state="building"}'), 0);
  assert.ok((await count('alcove_template_bytes{of="disk"}')) >= layerBytes);
  await on.vm();
  assert.equal(await count('alcove_vm_starts_total{how="template"}'), 1);
});

test("metrics: none of this troubled the daemon", () => {
  assert.deepEqual(api.host.log.troubles(), []);
});

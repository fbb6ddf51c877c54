/** Templates and the accounts of VMs, as Alcove's own API tells of them. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { Template, TemplateList, VmSummary, VmDetails } from "@alcove/api";
import { MIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const api = await SlicerApi.make({ templates: "on" });
after(() => api[Symbol.asyncDispose]());

async function list(): Promise<TemplateList> {
  const { status, text } = await api.call("GET /v1/templates");
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

async function build(order: object): Promise<{ status: number; template: Template; text: string }> {
  const { status, text } = await api.call("POST /v1/templates", { body: JSON.stringify(order) });
  return { status, template: JSON.parse(text), text };
}

async function details(hostname: string): Promise<VmDetails> {
  const { status, text } = await api.call(`GET /v1/vms/${hostname}`);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

/** What a VM of the group without further wishes comes from. */
async function usual(): Promise<Template> {
  return (await build({})).template;
}

test("native templates: one is built when somebody asks, once", async () => {
  const first = await build({ group: "sbox" });
  const again = await build({});
  assert.deepEqual([first.status, again.status], [201, 200], first.text);
  assert.equal(again.template.id, first.template.id);
  const { enabled, templates, under_way } = await list();
  assert.deepEqual([enabled, under_way], [true, []]);
  const [found] = templates.filter(({ id }) => id === first.template.id);
  assert.deepEqual(found, first.template);
  assert.deepEqual(
    [found?.image, found?.vcpus, found?.memory_bytes, found?.network, found?.vms],
    ["base", 2, 1024 * MIB, "user", 0],
  );
  assert.equal(found?.held_bytes, 0);
  assert.equal(found?.last_used_at, undefined);
});

test("native templates: VMs on its disk are counted, and when it served last", async () => {
  const { id } = await usual();
  const hostname = await api.vm();
  const served = (await list()).templates.find((it) => it.id === id);
  assert.equal(served?.vms, 1);
  const { begun_at: begunAt = "" } = (await details(hostname)).start ?? {};
  assert.ok(Date.parse(served?.last_used_at ?? "") >= Date.parse(begunAt));
  await api.call(`DELETE /hostgroup/sbox/nodes/${hostname}`);
  assert.equal((await list()).templates.find((it) => it.id === id)?.vms, 0);
});

test("native templates: who does not wait is told that it is under way", async () => {
  const { status, text } = await build({ vcpus: 1, wait: false });
  assert.equal(status, 202);
  const { state, vcpus } = JSON.parse(text);
  assert.ok(["waiting", "building"].includes(state));
  assert.equal(vcpus, 1);
  await eventually("it is built", () => api.host.usedTemplates.list().some(hasOneCpu));
  assert.equal((await build({ vcpus: 1 })).status, 200);
});

function hasOneCpu({ shape }: { readonly shape: { readonly vcpus: number } }): boolean {
  return shape.vcpus === 1;
}

test("native templates: what no VM could ask for is refused", async () => {
  for (const [order, status, code] of [
    [{ vcpus: 64 }, 400, "invalid_request"],
    [{ memory_bytes: 1 }, 400, "invalid_request"],
    [{ group: "none" }, 404, "group_not_found"],
    [{ group: 7 }, 400, "invalid_request"],
  ] as const) {
    const answer = await build(order);
    assert.deepEqual([answer.status, JSON.parse(answer.text).code], [status, code]);
  }
});

test("native templates: one that is removed is gone, and VMs that came from it live on", async () => {
  const { id } = await usual();
  const hostname = await api.vm({ persistent: true });
  const removed = await api.call(`DELETE /v1/templates/${id}`);
  assert.equal(removed.status, 200);
  const gone: Template = JSON.parse(removed.text);
  assert.equal(gone.id, id);
  assert.ok(!(await list()).templates.some((it) => it.id === id));
  assert.equal((await api.call(`DELETE /v1/templates/${id}`)).status, 404);
  const vm = api.vms.get(hostname);
  const { layer } = vm.record;
  assert.ok(layer !== undefined && api.host.layers.list().some((it) => it.id === layer));
  await vm.stop(never);
  await api.vms.delete(vm);
  assert.ok(!api.host.layers.list().some((it) => it.id === layer));
});

test("native templates: a host that uses none says so", async () => {
  await using off = await SlicerApi.make();
  const listed: TemplateList = JSON.parse((await off.call("GET /v1/templates")).text);
  assert.deepEqual(listed, { enabled: false, templates: [], under_way: [] });
  const { status, text } = await off.call("POST /v1/templates", { body: "{}" });
  assert.deepEqual([status, JSON.parse(text).code], [501, "unsupported"]);
});

test("native VMs: one from a template says so, with its steps and what its agent has confirmed", async () => {
  const { id } = await usual();
  const { origin, start, receipt, hostname, phase, kind } = await details(await api.vm());
  assert.deepEqual(origin, { how: "template", template: id });
  assert.deepEqual(
    [phase, kind, start?.how, start?.ready],
    ["running", "sandbox", "template", true],
  );
  assert.ok(start?.steps.some(({ name }) => name === "reidentify"));
  const sum = (start?.steps ?? []).reduce((all, { ms }) => all + ms, 0);
  assert.ok(Math.abs(sum - (start?.total_ms ?? 0)) < 0.1);
  assert.equal(receipt?.hostname, hostname);
  assert.match(receipt?.clock_step_ns ?? "", /^-?\d+$/);
});

test("native VMs: one that booted says why", async () => {
  await using off = await SlicerApi.make();
  const hostname = await off.vm();
  const { text } = await off.call(`GET /v1/vms/${hostname}`);
  const { origin, receipt, start }: VmDetails = JSON.parse(text);
  assert.deepEqual([origin, receipt, start?.how], [{ how: "boot" }, undefined, "boot"]);
  const one = await build({ memory_bytes: 512 * MIB }).then(() => api.vm({ ram_bytes: 96 * MIB }));
  assert.deepEqual((await details(one)).origin, {
    how: "boot",
    why: "there was no template of this image and size yet",
  });
});

test("native VMs: memory is promised to those with a machine; a fake has none to look at", async () => {
  const hostname = await api.vm({ ram_bytes: 128 * MIB, persistent: true });
  const of = async () => (await details(hostname)).memory;
  assert.deepEqual(await of(), { reserved_bytes: (128 + 64) * MIB });
  await api.vms.get(hostname).stop(never);
  assert.deepEqual(await of(), { reserved_bytes: 0 });
});

test("native VMs: the list has all of them, oldest first", async () => {
  const { status, text } = await api.call("GET /v1/vms");
  const accounts: VmSummary[] = JSON.parse(text);
  assert.equal(status, 200);
  const names = api.vms.list().map(({ record }) => record.hostname);
  assert.deepEqual(
    accounts.map(({ hostname }) => hostname),
    names,
  );
  assert.ok(accounts.every((it) => !("start" in it) && !("receipt" in it)));
});

/** A VM with an owner is not there for anybody who comes through the operator's surfaces. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { hostLabelOf } from "#core/aleph/item-hash.ts";
import { hashOf } from "#testing/aleph-source.ts";
import { aGroup, never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { aVmRecord } from "#testing/vm-records.ts";

/** as an Aleph node calls the machine of a message */
const HOSTNAME = hostLabelOf(hashOf("b"));
const NOBODY = "nobody".repeat(8);

/** what routes insist on before they look for a VM */
const BODIES: Readonly<Record<string, object>> = {
  "/vm/:hostname/exec/background": { command: "true" },
  "/vm/:hostname/commit": {},
  "/v1/vms/:hostname/fork": {},
};
const QUERIES: Readonly<Record<string, string>> = {
  "/vm/:hostname/exec": "?cmd=true",
  "/vm/:hostname/fs/watch": "?paths=/tmp",
  "/vm/:hostname/cp": "?path=/etc/hostname",
};

async function ownedVm({ host, vms }: SlicerApi): Promise<VmSupervisor> {
  const image = await host.parts.images.resolve("base", never);
  const vm = await vms.add(
    {
      group: aGroup({}),
      kind: "persistent",
      hostname: HOSTNAME,
      wantedAddress: undefined,
      spec: { ...aVmRecord({}).spec, tags: ["name=mine"], secrets: [] },
      image,
      diskBytes: image.rootfs.virtualSizeBytes,
      layer: undefined,
      origin: { how: "boot", why: undefined },
      owner: "0x1111",
    },
    never,
  );
  await vms.startAgain(vm, never);
  await vm.settled(never);
  return vm;
}

test("every route that takes a host name answers for an owned VM as for one that is not there", async () => {
  await using api = await SlicerApi.make();
  const vm = await ownedVm(api);
  const named = api.routes.filter(({ url }) => url.includes(":hostname"));
  assert.ok(named.length > 25, `only ${named.length} routes take a host name`);

  for (const { method, url } of named) {
    const answers = await Promise.all(
      [HOSTNAME, NOBODY].map(async (hostname) => {
        const filled = url.replace(":hostname", hostname).replace(":group", "sbox");
        const path = filled.replaceAll(/:\w+/g, "1") + (QUERIES[url] ?? "");
        const headers = { "content-type": "application/json", "x-inlets-upstream": "80" };
        const body = JSON.stringify(BODIES[url] ?? {});
        const hasBody = method !== "GET" && method !== "HEAD";
        const call = hasBody ? { headers, body } : { headers };
        const answer = await api.call(`${method} ${path}`, call);
        return { status: answer.status, text: answer.text.replaceAll(hostname, "it") };
      }),
    );

    assert.deepEqual(answers[0], answers[1], `${method} ${url}`);
    assert.ok(
      [404, 400, 405, 426].includes(answers[0]?.status ?? 0),
      `${method} ${url} ${answers[0]?.status}`,
    );
  }
  assert.equal(vm.phase, "running");
  assert.deepEqual(vm.record.spec.tags, ["name=mine"]);
});

test("no list, history or metric names an owned VM", async () => {
  await using api = await SlicerApi.make();
  const vm = await ownedVm(api);
  const mine = await api.vm();
  const lists = api.routes
    .filter(({ method, url }) => method === "GET" && !url.includes(":hostname"))
    .map(({ url }) => url.replace(":group", "sbox").replaceAll(/:\w+/g, "1"));
  assert.ok(lists.length > 15, `only ${lists.length} routes list anything`);

  for (const list of lists) {
    const { text, status } = await api.call(`GET ${list}`);
    assert.notEqual(status, 500, list);
    assert.doesNotMatch(text, new RegExp(`${HOSTNAME}|${vm.record.id}|0x1111|name=mine`), list);
  }
  assert.match((await api.call("GET /nodes")).text, new RegExp(mine));
  assert.match((await api.call("GET /v1/events")).text, new RegExp(mine));
});

test("an owned VM takes its share of the host, and is adopted by the next daemon as what it is", async () => {
  await using api = await SlicerApi.make();
  const vm = await ownedVm(api);

  const { text } = await api.call("GET /v1/host");
  const { cpus }: { cpus: { promised: number } } = JSON.parse(text);
  assert.equal(cpus.promised, 1);
  const [stored] = api.host.store.all();
  assert.equal(stored?.owner, "0x1111");
  await api.vms.abandonAll();
  const next = await api.host.open();
  assert.equal(next.find(HOSTNAME)?.phase, vm.phase);
  assert.deepEqual(next.list(), []);
});

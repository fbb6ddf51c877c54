/** What a create may say of the VM's network, and what is told of it afterwards. Contract A6, B4. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { HostGroups } from "#core/group/host-group.ts";
import { aGroup } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const ISOLATED = aGroup({
  name: "iso",
  network: { mode: "isolated", range: "10.7.0.0/24", allow: ["1.1.1.1"], drop: ["0.0.0.0/0"] },
});
const BRIDGED = aGroup({
  name: "brd",
  network: {
    mode: "bridge",
    bridge: undefined,
    tapPrefix: undefined,
    gateway: "10.9.0.1/24",
    addresses: ["10.9.0.7", "10.9.0.8"],
  },
});

/** The usual group and one of each network. */
function withNetworks(): Promise<SlicerApi> {
  const groups = new HostGroups([aGroup({}), ISOLATED, BRIDGED]);
  return SlicerApi.make({ parts: () => ({ groups }) });
}

async function created(api: SlicerApi, group: string, body: object): Promise<[number, string]> {
  const { status, text } = await api.call(`POST /hostgroup/${group}/nodes`, {
    body: JSON.stringify(body),
  });
  return [status, text];
}

async function networkOf(api: SlicerApi, hostname: string): Promise<unknown> {
  const described: { network?: unknown } = JSON.parse((await api.call(`GET /vm/${hostname}`)).text);
  return described.network;
}

test("slicer networks: an isolated VM has its group's lists until it brings its own", async () => {
  await using api = await withNetworks();
  await created(api, "iso", {});
  await created(api, "iso", { network: { drop: [] } });
  const group = { allow: ["1.1.1.1"], drop: ["0.0.0.0/0"] };
  assert.deepEqual(await networkOf(api, "iso-1"), {
    mode: "isolated",
    policy_source: "host_group",
    host_group: group,
    effective: group,
  });
  assert.deepEqual(await networkOf(api, "iso-2"), {
    mode: "isolated",
    policy_source: "vm",
    host_group: group,
    override: { drop: [] },
    effective: { allow: ["1.1.1.1"], drop: [] },
  });
});

test("slicer networks: null is no list of its own", async () => {
  await using api = await withNetworks();
  assert.equal((await created(api, "sbox", { network: null }))[0], 201);
  assert.equal((await created(api, "sbox", { network: { allow: null, drop: null } }))[0], 201);
});

for (const [group, body, said] of [
  ["brd", { network: { allow: [] } }, /network: .*isolated networks; host group brd has a bridge/],
  [
    "iso",
    { network: { allow: ["example.com"] } },
    /network\.allow: \\"example\.com\\" is no address/,
  ],
  ["iso", { network: { drop: "1.1.1.1" } }, /network/],
  ["brd", { ip: "10.9.0.9" }, /ip: 10\.9\.0\.9 is none of the addresses for guests/],
  ["brd", { ip: "10.9.0" }, /ip: \\"10\.9\.0\\" is no IPv4 address/],
] as const) {
  test(`slicer networks: ${JSON.stringify(body)} in ${group} is refused with 400`, async () => {
    await using api = await withNetworks();
    const [status, text] = await created(api, group, body);
    assert.equal(status, 400);
    assert.match(text, said);
    assert.equal(api.vms.list().length, 0);
  });
}

test("slicer networks: an address can be asked for, bare or with a prefix, by one VM at a time", async () => {
  await using api = await withNetworks();
  const [, first] = await created(api, "brd", { ip: "10.9.0.8/24" });
  assert.match(first, /"ip":"10\.9\.0\.8"/);
  const [status, second] = await created(api, "brd", { ip: "10.9.0.8" });
  assert.equal(status, 400);
  assert.match(second, /another VM's/);
  const [, third] = await created(api, "brd", {});
  assert.match(third, /"ip":"10\.9\.0\.7"/);
  const [full, why] = await created(api, "brd", {});
  assert.equal(full, 503);
  assert.match(why, /Every address of 10\.9\.0\.0\/24 is in use/);
});

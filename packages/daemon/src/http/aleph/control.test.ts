import assert from "node:assert/strict";
import { test } from "node:test";

import type { FastifyInstance } from "fastify";

import {
  ethereumWallet,
  shortLivedKey,
  signedParts,
  type TestWallet,
  VM_HASH,
} from "#testing/aleph-signers.ts";
import { NODE_TOKEN, type SurfaceWorld, surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";

import { alephApplication } from "./application.ts";

const OWNER = ethereumWallet("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const STRANGER = ethereumWallet("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
const KEY = shortLivedKey();
const ADMIN = { "x-auth-signature": NODE_TOKEN };
const UNKNOWN = "ab".repeat(32);
const UPDATE = `/control/machine/${VM_HASH}/update`;
const INSTANCE = {
  address: OWNER.address,
  time: 1_748_779_200,
  allow_amend: false,
  environment: { hypervisor: "qemu" },
  resources: { vcpus: 1, memory: 256, seconds: 30 },
  rootfs: { parent: { ref: VM_HASH, use_latest: false }, persistence: "host", size_mib: 1024 },
};

interface Stage extends SurfaceWorld, AsyncDisposable {
  readonly app: FastifyInstance;
}

async function stage(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const world = surfaceWorld(env);
  world.views.set(VM_HASH, aView(VM_HASH, OWNER.address));
  const app = await alephApplication(world.parts);
  return { ...world, app, [Symbol.asyncDispose]: () => app.close() };
}

function headersOf({ clock }: SurfaceWorld, path: string, wallet: TestWallet) {
  const parts = signedParts({ wallet, key: KEY, clock, operation: { path, method: "POST" } });
  return {
    "x-signedpubkey": JSON.stringify(parts.pubKey),
    "x-signedoperation": JSON.stringify(parts.operation),
  };
}

async function post(
  app: FastifyInstance,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<readonly [number, string]> {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await app.inject({ method: "POST", url, headers, payload });
  return [answer.statusCode, answer.body];
}

const ALLOCATIONS: readonly (readonly [
  wanted: readonly string[],
  status: number,
  words: string,
])[] = [
  [[], 200, '{"success": true, "successful": [], "failing": [], "stopped": [], "errors": {}}'],
  [
    [VM_HASH, UNKNOWN],
    207,
    `{"success": false, "successful": ["${VM_HASH}"], "failing": ["${UNKNOWN}"], "stopped": [], "errors": {"${UNKNOWN}": "Exception('Unhandled Error')"}}`,
  ],
  [
    [UNKNOWN],
    503,
    `{"success": false, "successful": [], "failing": ["${UNKNOWN}"], "stopped": [], "errors": {"${UNKNOWN}": "Exception('Unhandled Error')"}}`,
  ],
];

for (const [instances, status, words] of ALLOCATIONS) {
  test(`Aleph control: an allocation of ${instances.length} VMs is answered with ${status}`, async () => {
    await using it = await stage();
    const body = { persistent_vms: [], instances };
    assert.deepEqual(await post(it.app, "/control/allocations", body, ADMIN), [status, words]);
  });
}

test("Aleph control: what is wrong with an allocation is a list, without spaces and encoded once", async () => {
  await using it = await stage();
  const body = { persistent_vms: ["not-an-ItemHash"] };
  const [status, text] = await post(it.app, "/control/allocations", body, ADMIN);
  assert.equal(status, 400);
  assert.match(
    text,
    /^\[\{"type":"value_error","loc":\["persistent_vms",0\],"msg":"Value error, Could not determine hash type: 'not-an-ItemHash'","input":"not-an-ItemHash","ctx":\{"error":"Could not determine hash type: 'not-an-ItemHash'"\},"url":"https:\/\/errors\.pydantic\.dev\//,
  );
});

test("Aleph control: the reference encodes what is wrong with a notice twice, we do not", async () => {
  const url = "/control/allocation/notify";
  await using plain = await stage();
  assert.ok(Array.isArray(JSON.parse((await post(plain.app, url, {}))[1])));
  await using strict = await stage({ ALEPH_VM_STRICT_REFERENCE: "true" });
  const [, text] = await post(strict.app, url, {});
  assert.ok(Array.isArray(JSON.parse(String(JSON.parse(text)))));
});

test("Aleph control: a notice starts what is known, says what is not, and its success is a boolean", async () => {
  await using it = await stage();
  const url = "/control/allocation/notify";
  const done = '{"success": true, "successful": true, "failing": [], "errors": {}}';
  assert.deepEqual(await post(it.app, url, { instance: VM_HASH, more: 1 }), [200, done]);
  const unknown = `{"error": "Hash not found: ${UNKNOWN}"}`;
  assert.deepEqual(await post(it.app, url, { instance: UNKNOWN }), [404, unknown]);
});

test("Aleph control: the reference answers with its exceptions to unknown messages and broken allocations", async () => {
  await using it = await stage({ ALEPH_VM_STRICT_REFERENCE: "true" });
  const notice = await post(it.app, "/control/allocation/notify", { instance: UNKNOWN });
  const missing = `{"error": "Aleph message not found: ${UNKNOWN}", "error_type": "<class 'FileNotFoundError'>"}`;
  assert.deepEqual(notice, [500, missing]);
  const [status, text] = await post(it.app, "/control/allocations", "{", ADMIN);
  assert.equal(status, 500);
  assert.match(text, /"error_type": "<class 'json\.decoder\.JSONDecodeError'>"\}$/);
});

test("Aleph control: with a strict door nobody notifies or updates without credentials", async () => {
  await using it = await stage({ ALEPH_VM_ALLOW_UNAUTHENTICATED_NOTIFY: "false" });
  const refused = [401, '{"error": "Authentication token received is invalid"}'];
  assert.deepEqual(
    await post(it.app, "/control/allocation/notify", { instance: VM_HASH }),
    refused,
  );
  assert.deepEqual(await post(it.app, UPDATE, ""), refused);
  const headers = headersOf(it, UPDATE, OWNER);
  assert.deepEqual(await post(it.app, UPDATE, "", headers), [200, "{}"]);
});

test("Aleph control: an owner's ports are kept beside those of its other VMs, a stranger's are not", async () => {
  await using it = await stage();
  const key = `${OWNER.address}/port-forwarding`;
  const others = { [UNKNOWN]: { ports: { 22: { tcp: true, udp: false } } } };
  it.aggregates.set(key, others);
  const body = { ports: { 80: { tcp: true } } };
  const stranger = await post(it.app, UPDATE, body, headersOf(it, UPDATE, STRANGER));
  assert.deepEqual(stranger, [403, "Unauthorized sender"]);
  await post(it.app, UPDATE, body); // nobody's wish is no wish
  assert.deepEqual(it.aggregates.get(key), others);
  assert.deepEqual(await post(it.app, UPDATE, body, headersOf(it, UPDATE, OWNER)), [200, "{}"]);
  const wished = { ports: { 80: { tcp: true, udp: false } } };
  assert.deepEqual(it.aggregates.get(key), { ...others, [VM_HASH]: wished });
});

const WRONG_PORTS = [[], { 0: {} }, { 80: { tcp: "yes" } }, { "65536": {} }, { http: {} }, 22];

for (const ports of WRONG_PORTS) {
  test(`Aleph control: ports such as ${JSON.stringify(ports)} are refused in a sentence`, async () => {
    await using it = await stage();
    const [status, text] = await post(it.app, UPDATE, { ports }, headersOf(it, UPDATE, OWNER));
    assert.equal(status, 400);
    assert.match(text, /^\{"error": "ports /);
    assert.deepEqual(it.asked, []);
  });
}

test("Aleph control: an update of what is not here is 404, also where the Python client asks", async () => {
  await using it = await stage();
  const unknown = [404, '{"error": "404: VM not found"}'];
  assert.deepEqual(await post(it.app, `/control/machine/${UNKNOWN}/update`, ""), unknown);
  assert.deepEqual(await post(it.app, `/control/${VM_HASH}/update`, ""), [200, "{}"]);
  await using strict = await stage({ ALEPH_VM_STRICT_REFERENCE: "true" });
  assert.equal((await post(strict.app, `/control/${VM_HASH}/update`, ""))[0], 404);
});

test("Aleph control: a reservation says until when", async () => {
  await using it = await stage();
  const url = "/control/reserve_resources";
  const answer = await post(it.app, url, INSTANCE, headersOf(it, url, OWNER));
  assert.deepEqual(answer, [200, '{"status": "reserved", "expires": "2025-06-01 12:01:00+00:00"}']);
});

test("Aleph control: networks and proxy are made anew for administrators", async () => {
  await using it = await stage();
  assert.deepEqual(await post(it.app, "/control/network/recreate", "", ADMIN), [
    200,
    '{"success": true, "removed_chains_count": 0, "removed_chains": [], "recreated_count": 0, "failed_count": 0, "recreated_vms": [], "failed_vms": []}',
  ]);
  assert.deepEqual(await post(it.app, "/control/proxy/regenerate", "", ADMIN), [
    200,
    '{"success": true, "message": "HAProxy configuration regenerated successfully"}',
  ]);
});

test("Aleph control: records have messages as texts, and details a list of one", async () => {
  await using it = await stage();
  const records = await it.app.inject({ method: "GET", url: "/about/executions/records" });
  const [row] = records.json<Record<string, unknown>[]>();
  assert.deepEqual(Object.keys(row ?? {}).slice(0, 4), [
    "uuid",
    "vm_hash",
    "vm_id",
    "time_defined",
  ]);
  assert.equal(row?.["time_started"], "2025-06-01 12:00:02.500000");
  assert.deepEqual([row?.["vcpus"], row?.["memory"], row?.["gpus"]], [1, 256, "[]"]);
  assert.equal(JSON.parse(String(row?.["message"])).address, OWNER.address);

  const get = (url: string) => it.app.inject({ method: "GET", url, headers: ADMIN });
  const details = await get(`/about/executions/details?ref=${VM_HASH}`);
  assert.deepEqual(Object.keys(details.json()[0]), [VM_HASH]);
  assert.equal((await get(`/about/executions/details?ref=${UNKNOWN}`)).statusCode, 404);
});

test("Aleph control: a node that is told nothing of confidential computing says so", async () => {
  await using it = await stage();
  const answer = await it.app.inject({ method: "GET", url: "/about/certificates" });
  const words = '{"error": "Confidential computing setting not enabled on that server"}';
  assert.deepEqual([answer.statusCode, answer.body], [503, words]);
});

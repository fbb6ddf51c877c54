/**
 * Every route of an Aleph node, for everybody who may come: who gets in is what the route says of itself, and whoever
 * does not get in has read and changed nothing. A route that is not placed here fails.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { before, test } from "node:test";

import fastify, { type FastifyInstance } from "fastify";

import { parseItemHash } from "#core/aleph/item-hash.ts";
import { ExecutionStage } from "#testing/aleph-executions.ts";
import {
  allocationHeader,
  ethereumWallet,
  shortLivedKey,
  signedParts,
  solanaWallet,
  type TestWallet,
  VM_HASH,
} from "#testing/aleph-signers.ts";
import { instanceContent } from "#testing/aleph-source.ts";
import { NODE_TOKEN, type SurfaceWorld, surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";
import { never } from "#testing/fake-host.ts";

import { serve } from "../server.ts";
import { alephApplication } from "./application.ts";
import type { AlephParts } from "./parts.ts";
import type { Who } from "./route-rule.ts";
import { routes } from "./routes.ts";

const ALLOCATOR = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const OWNER = ethereumWallet("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
const STRANGER = ethereumWallet("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a");
const FOR_ALL = ethereumWallet("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6");
const FOR_VMS = solanaWallet("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
const FOR_POSTS = ethereumWallet(
  "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
);
const FOR_OTHERS = ethereumWallet(
  "8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
);
const KEY = shortLivedKey();
const SLICER_TOKEN = "slicer-token-of-this-host";
const OTHER_HASH = "beef".repeat(16);
const HASH = hashOfVm();
/** what the VM has said, and what its backup is called: nobody else may read it */
const SAID = "the owner's own words";
const BACKUP = `${VM_HASH}-20250601T120000Z`;

/** What routes insist on before they ask for a VM, by method and path. Every route has its place here. */
const PLACES: Readonly<Record<string, string | undefined>> = {
  "GET /about/login": undefined,
  "GET /about/executions/list": undefined,
  "GET /v2/about/executions/list": undefined,
  "GET /about/executions/details": undefined,
  "GET /about/executions/records": undefined,
  "GET /about/usage/system": undefined,
  "GET /about/certificates": undefined,
  "GET /about/capability": undefined,
  "GET /about/config": undefined,
  "GET /debug/haproxy": undefined,
  "GET /status/check/fastapi": undefined,
  "GET /status/check/fastapi/legacy": undefined,
  "GET /status/check/host": undefined,
  "GET /status/check/version": undefined,
  "GET /status/check/ipv6": undefined,
  "GET /status/config": undefined,
  "POST /control/allocation/notify": JSON.stringify({ instance: VM_HASH }),
  "POST /control/reserve_resources": JSON.stringify(instanceContent()),
  "POST /control/allocations": JSON.stringify({ instances: [] }),
  "POST /control/network/recreate": "",
  "POST /control/proxy/regenerate": "",
  "POST /control/machine/:ref/update": JSON.stringify({ ports: { 80: { tcp: true } } }),
  "POST /control/:ref/update": JSON.stringify({ ports: { 81: { tcp: true } } }),
  "POST /control/machine/:ref/expire": "",
  "POST /control/machine/:ref/stop": "",
  "POST /control/machine/:ref/erase": "",
  "POST /control/machine/:ref/reboot": "",
  "POST /control/machine/:ref/reinstall": "",
  "GET /control/machine/:ref/logs": undefined,
  "GET /control/machine/:ref/stream_logs": undefined,
  "POST /control/machine/:ref/backup": "",
  "GET /control/machine/:ref/backup": undefined,
  "GET /control/machine/:ref/backup/:backupId": undefined,
  "DELETE /control/machine/:ref/backup/:backupId": undefined,
  "POST /control/machine/:ref/restore": JSON.stringify({ volume_ref: OTHER_HASH }),
  "POST /control/machine/:ref/confidential/initialize": "session=c2Vzc2lvbg&godh=Z29kaA",
  "GET /control/machine/:ref/confidential/measurement": undefined,
  "POST /control/machine/:ref/confidential/inject_secret": JSON.stringify({
    packet_header: "aGVhZA==",
    secret: "c2VjcmV0",
  }),
  "PUT /local/v0/messages/:hash": JSON.stringify(instanceContent()),
  "GET /local/v0/messages/:hash": undefined,
  "PUT /local/v0/files/:hash": "bytes",
  "GET /local/v0/files/:hash": undefined,
  "PUT /local/v0/aggregates/:address/:key": "{}",
  "GET /local/v0/aggregates/:address/:key": undefined,
  "GET /api/v0/messages.json": undefined,
  "GET /api/v0/messages/:hash": undefined,
  "GET /api/v0/aggregates/:address": undefined,
  "GET /api/v0/storage/raw/:hash": undefined,
  "GET /api/v0/price/:hash": undefined,
  "GET /api/v0/addresses/:address/balance": undefined,
};

function hashOfVm() {
  const hash = parseItemHash(VM_HASH);
  assert.ok(hash);
  return hash;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

interface Target {
  readonly method: Method;
  readonly path: string;
  readonly body: string;
}

interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

type Role = (world: SurfaceWorld, target: Target) => Ask | Promise<Ask>;

/** Its owner signs the same for hours. */
function sparing(who: TestWallet): TestWallet {
  const signed = new Map<string, Uint8Array>();
  return {
    ...who,
    signPayload: (payload) => {
      const name = Buffer.from(payload).toString("latin1");
      const signature = signed.get(name) ?? who.signPayload(payload);
      signed.set(name, signature);
      return signature;
    },
  };
}

/** Credentials of a wallet for this very request, unless something is said otherwise. */
function wallet(
  anybody: TestWallet,
  {
    claim = {},
    operation = {},
  }: { claim?: Record<string, unknown>; operation?: Record<string, unknown> } = {},
): Role {
  const who = sparing(anybody);
  return ({ clock }, { method, path }) => {
    const meant = { method, path, ...operation };
    const parts = signedParts({ wallet: who, key: KEY, clock, claim, operation: meant });
    return {
      headers: {
        "x-signedpubkey": JSON.stringify(parts.pubKey),
        "x-signedoperation": JSON.stringify(parts.operation),
      },
    };
  };
}

function signedByAllocator({ clock }: SurfaceWorld, { method, path, body }: Target): string {
  return allocationHeader(ALLOCATOR, body, clock, { method, path });
}

async function replayed(world: SurfaceWorld, target: Target): Promise<Ask> {
  const authorization = signedByAllocator(world, target);
  const bytes = Buffer.from(target.body);
  const { method, path } = target;
  const facts = { method, path, hasQuery: false, authorization, contentLength: bytes.length };
  await world.parts.door.caller({ ...facts, body: async () => bytes }, "machine");
  return { headers: { authorization } };
}

function linkTo(vmHash: string): Role {
  return ({ parts }) => {
    const { signature, expires } = parts.presigned.issue({ backupId: BACKUP, vmHash });
    return { query: `?signature=${signature}&expires=${expires}` };
  };
}

const ROLES = {
  nobody: () => ({}),
  owner: wallet(OWNER),
  "owner in other case": wallet(OWNER, { claim: { address: OWNER.address.toUpperCase() } }),
  stranger: wallet(STRANGER),
  "delegate for everything": wallet(FOR_ALL),
  "delegate for instances": wallet(FOR_VMS),
  "delegate for posts": wallet(FOR_POSTS),
  "delegate of another owner": wallet(FOR_OTHERS),
  "owner whose key has expired": wallet(OWNER, { claim: { expires: "2025-06-01T11:59:59Z" } }),
  "owner of long ago": wallet(OWNER, { operation: { time: "2025-06-01T11:57:59Z" } }),
  "owner for another path": wallet(OWNER, { operation: { path: "/control/machine/x/stop" } }),
  "owner for another method": (world, target) =>
    wallet(OWNER, { operation: { method: target.method === "GET" ? "POST" : "GET" } })(
      world,
      target,
    ),
  "owner for another node": wallet(OWNER, { operation: { domain: "other.example.org" } }),
  "stranger in the owner's name": wallet(STRANGER, { claim: { address: OWNER.address } }),
  "token of administrators": () => ({ headers: { "x-auth-signature": NODE_TOKEN } }),
  "signature of administrators": (world, target) => ({
    headers: { authorization: signedByAllocator(world, target) },
  }),
  "signature that was used": replayed,
  "signature of an owner as an administrator's": ({ clock }, { method, path, body }) => ({
    headers: { authorization: allocationHeader("ab".repeat(32), body, clock, { method, path }) },
  }),
  "token of administrators as Bearer": () => ({
    headers: { authorization: `Bearer ${NODE_TOKEN}` },
  }),
  "token of the operator's API as Bearer": () => ({
    headers: { authorization: `Bearer ${SLICER_TOKEN}` },
  }),
  "token of the operator's API": () => ({ headers: { "x-auth-signature": SLICER_TOKEN } }),
  "two tokens at once": () => ({ headers: { "x-auth-signature": `x, ${NODE_TOKEN}` } }),
  cookie: ({ parts }) => ({ headers: { cookie: `token=${parts.login.text}` } }),
  "wrong cookie": () => ({ headers: { cookie: "token=sekre" } }),
  "link to it": linkTo(VM_HASH),
  "link to another VM": linkTo(OTHER_HASH),
} as const satisfies Record<string, Role>;

type RoleName = keyof typeof ROLES;

const ADMINISTRATORS: readonly RoleName[] = [
  "token of administrators",
  "signature of administrators",
];
const OWNERS: readonly RoleName[] = [
  ...ADMINISTRATORS,
  "owner",
  "owner in other case",
  "delegate for everything",
  "delegate for instances",
];
/** who shows nothing that belongs into a header of the API */
const SILENT: readonly RoleName[] = [
  "nobody",
  "cookie",
  "wrong cookie",
  "link to it",
  "link to another VM",
];

/** Who gets in, by what routes say of themselves. */
const ADMITTED: Readonly<Record<Exclude<Who, "anyone">, readonly RoleName[]>> = {
  open: [...OWNERS, ...SILENT],
  owner: OWNERS,
  watcher: OWNERS,
  reserver: [...OWNERS, "stranger", "delegate for posts", "delegate of another owner"],
  scheduler: ADMINISTRATORS,
  operator: [...ADMINISTRATORS, "cookie"],
  link: ["link to it"],
};

const REFUSED = new Set([400, 401, 403]);

async function shown(world: SurfaceWorld, role: RoleName, target: Target): Promise<Ask> {
  const given: Role = ROLES[role];
  return await given(world, target);
}

function mayEnter(who: Who, role: RoleName): boolean {
  return who === "anyone" || ADMITTED[who].includes(role);
}

const ROLE_NAMES = Object.keys(ROLES).filter((name): name is RoleName => name in ROLES);

interface Placed extends Target {
  readonly who: Who;
  readonly name: string;
}

async function placedRoutes(parts: AlephParts): Promise<readonly Placed[]> {
  const found: Placed[] = [];
  const app = fastify();
  app.addHook("onRoute", ({ method, url, config }) => {
    if (method === "HEAD") return;
    const name = `${String(method)} ${url}`;
    assert.ok(name in PLACES, `${name} has no place in the matrix of who may do what`);
    assert.ok(config?.rule, name);
    const path = url
      .replace(/:(?:ref|hash)/, VM_HASH)
      .replace(":backupId", BACKUP)
      .replace(":address", OWNER.address)
      .replace(":key", "profile");
    const known = (["GET", "POST", "PUT", "DELETE"] as const).find((it) => it === method);
    assert.ok(known, name);
    found.push({ method: known, path, body: PLACES[name] ?? "", who: config.rule.who, name });
  });
  await app.register(routes, parts);
  await app.close();
  return found;
}

interface Stage {
  readonly world: SurfaceWorld;
  readonly app: FastifyInstance;
  /** what was asked of parts that read or change something */
  readonly asked: string[];
}

/** Answers whatever it is asked with nothing, and remembers that it was. */
function remembering(asked: string[], what: string) {
  return new Proxy(Object.create(null), {
    get: (_none, name) => async () => {
      asked.push(`${what} ${String(name)}`);
      return { messages: [], pagination: {} };
    },
  });
}

/** @param more parts in place of those that only remember */
async function stage(more: Partial<AlephParts> = {}): Promise<Stage> {
  const world = surfaceWorld({
    ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
  });
  world.views.set(VM_HASH, aView(VM_HASH, OWNER.address));
  world.lines.push({ at: new Date(world.clock.ms), stream: "stdout", text: SAID });
  delegate(world, OWNER, [
    { address: FOR_ALL.address, types: [] },
    { address: FOR_VMS.address, types: ["INSTANCE"], chain: "SOL" },
    { address: FOR_POSTS.address, types: ["POST"] },
  ]);
  delegate(world, STRANGER, [{ address: FOR_OTHERS.address }]);
  const { asked } = world;
  const confidential = {
    backend: { kind: "simulated", certificates: async () => Uint8Array.of(1) },
    machines: remembering(asked, "confidential"),
  } as const;
  const executions = world.parts.executions;
  const parts: AlephParts = {
    ...world.parts,
    confidential,
    backups: remembering(asked, "backups"),
    checks: remembering(asked, "checks"),
    published: remembering(asked, "published"),
    imports: remembering(asked, "imports"),
    networks: remembering(asked, "networks"),
    report: remembering(asked, "report"),
    proxy: { ...world.parts.proxy, regenerate: async () => void asked.push("proxy") },
    executions: {
      ...executions,
      initialize: async () => void asked.push("initialize"),
      released: async () => void asked.push("released"),
    },
    ...more,
  };
  return { world, asked, app: await alephApplication(parts) };
}

interface Outcome {
  readonly status: number;
  readonly text: string;
}

function delegate({ aggregates }: SurfaceWorld, owner: TestWallet, authorizations: object[]) {
  aggregates.set(`${owner.address.toLowerCase()}/security`, { authorizations });
}

async function come({ app, world }: Stage, target: Target, role: RoleName): Promise<Outcome> {
  const { headers = {}, query = "" }: Ask = await shown(world, role, target);
  const { method, path, body } = target;
  const type = path.endsWith("/restore") ? { "content-type": "application/json" } : {};
  const hasBody = method === "POST" || method === "PUT";
  const length = hasBody ? { "content-length": String(Buffer.byteLength(body)) } : {};
  const call = { method, url: path + query, headers: { ...type, ...length, ...headers } };
  const { statusCode, payload: text } = await app.inject(
    hasBody ? { ...call, payload: body } : call,
  );
  return { status: statusCode, text };
}

let placed: readonly Placed[] = [];

before(async () => {
  placed = await placedRoutes(surfaceWorld().parts);
});

test("who may do what: every place in the matrix is a route", () => {
  assert.deepEqual(placed.map(({ name }) => name).toSorted(), Object.keys(PLACES).toSorted());
});

test("who may do what: everybody who may gets in, and does what the route is for", async () => {
  const it = await stage();
  for (const target of placed) {
    for (const role of ROLE_NAMES) {
      if (target.who === "anyone" || !mayEnter(target.who, role)) continue;
      const asked = it.asked.length;
      const { status, text } = await come(it, target, role);
      assert.ok(!REFUSED.has(status), `${role}: ${target.name}: ${status} ${text}`);
      const isDone = it.asked.length > asked || text !== "";
      assert.ok(isDone, `${role}: ${target.name} did nothing`);
    }
  }
  await it.app.close();
});

test("who may do what: what is public is the same for everybody, whatever they show", async () => {
  const it = await stage();
  for (const target of placed) {
    if (target.who !== "anyone") continue;
    const bare = await come(it, target, "nobody");
    assert.doesNotMatch(bare.text, new RegExp(SAID), target.name);
    for (const role of ROLE_NAMES) {
      const { status, text } = await come(it, target, role);
      assert.deepEqual([status, text], [bare.status, bare.text], `${role}: ${target.name}`);
    }
  }
  await it.app.close();
});

test("who may do what: whoever may not has read and changed nothing of a VM that really runs", async () => {
  await using core = new ExecutionStage();
  const executions = core.open();
  core.source.publish(HASH, instanceContent({ address: OWNER.address }));
  assert.deepEqual(await executions.notify(HASH, never), { successful: true });
  const it = await stage({ executions, messages: core.source });
  const untouched = () =>
    JSON.stringify([
      executions.find(HASH),
      core.room.machines.get(HASH),
      core.room.asked,
      it.asked,
    ]);
  const untold = untouched();
  for (const target of placed) {
    for (const role of ROLE_NAMES) {
      if (mayEnter(target.who, role)) continue;
      const { status, text } = await come(it, target, role);
      assert.ok(REFUSED.has(status), `${role}: ${target.name}: ${status} ${text}`);
      assert.doesNotMatch(text, new RegExp(SAID), `${role}: ${target.name}`);
      assert.equal(untouched(), untold, `${role}: ${target.name}`);
    }
  }
  await it.app.close();
});

test("who may do what: nobody asks for the headers of what is not theirs to read", async () => {
  const it = await stage();
  for (const { who, path, name, body } of placed.filter(({ method }) => method === "GET")) {
    if (who === "anyone") continue;
    for (const role of ["nobody", "owner", "stranger", "signature of administrators"] as const) {
      const { headers = {} } = await shown(it.world, role, { method: "GET", path, body });
      const { statusCode } = await it.app.inject({ method: "HEAD", url: path, headers });
      assert.ok(REFUSED.has(statusCode), `${role}: HEAD ${name}: ${statusCode}`);
    }
  }
  await it.app.close();
});

const WATCHERS: readonly RoleName[] = [
  "owner",
  "owner in other case",
  "delegate for everything",
  "delegate for instances",
  // Which path and method were signed does not matter for a WebSocket.
  "owner for another path",
  "owner for another method",
];

test("who may do what: over a WebSocket logs go to the same ones, and to nobody by headers alone", async () => {
  const it = await stage();
  await using served = await serve(it.app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const path = `/control/machine/${VM_HASH}/stream_logs`;
  const url = `ws://127.0.0.1:${served.port}${path}`;
  for (const role of ROLE_NAMES) {
    const { headers = {} } = await shown(it.world, role, { method: "GET", path, body: "" });
    const socket = new WebSocket(url, { headers });
    const heard: string[] = [];
    socket.addEventListener("message", ({ data }) => heard.push(String(data)));
    socket.addEventListener("open", () => socket.send(frameOf(headers)));
    await once(socket, "close");
    const isHeard = heard.join().includes(SAID);
    assert.equal(isHeard, WATCHERS.includes(role), `${role}: ${heard.join()}`);
  }
});

function frameOf(headers: Readonly<Record<string, string>>): string {
  const names = { "X-SignedPubKey": "x-signedpubkey", "X-SignedOperation": "x-signedoperation" };
  const parts = Object.entries(names).map(([name, header]) => [name, headers[header]] as const);
  const auth = parts.map(([name, text]) => [name, JSON.parse(text ?? "null")] as const);
  return JSON.stringify({ auth: Object.fromEntries(auth) });
}

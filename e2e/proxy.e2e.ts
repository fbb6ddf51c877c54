/**
 * Debian's HAProxy in front of domains: what it leads where, and what becomes of it when daemons end.
 *
 * Servers on loopback addresses stand in for VMs: that VMs' addresses are reached from the host is
 * the networks' story.
 */

import assert from "node:assert/strict";
import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer as httpServer, request } from "node:http";
import { createServer as tcpServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { describe, test } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { setTimeout as passed } from "node:timers/promises";

import { type ItemHash, parseItemHash } from "../packages/daemon/src/core/aleph/item-hash.ts";
import type { DomainName } from "../packages/daemon/src/core/aleph/ports/domain-names.ts";
import { Haproxy, type HaproxyDeps } from "../packages/daemon/src/proxy/haproxy.ts";
import { RememberingLog } from "../packages/daemon/src/testing/remembering-log.ts";
import { tempDir } from "../packages/daemon/src/testing/temp-dir.ts";

const never = new AbortController().signal;
const VM = "127.77.4.2";

describe("HAProxy in front of VMs", { timeout: 60_000 }, () => {
  test("leads by name to VMs, and what is for nobody to the node", async () => {
    await using scene = await aScene();
    await using _haproxy = await Haproxy.open(scene.deps, never);
    assert.equal(await scene.get("shop.example.org"), "the VM");
    assert.equal(await scene.get("SHOP.example.org:80"), "the VM");
    assert.equal(await scene.get("node.example.org"), "the node");
    assert.equal(await scene.get("[::1]:80"), "the node");
    assert.match(await firstWords(scene.ports.ssh, "shop.example.org"), /^SSH-2\.0-vm/);
    await greet(scene.ports.https, "shop.example.org");
    assert.deepEqual(scene.greeted, ["shop.example.org"]);
  });

  test("says what it leads where, and learns while connections go on", async () => {
    await using scene = await aScene();
    await using haproxy = await Haproxy.open(scene.deps, never);
    const before = await haproxy.debug(never);
    assert.deepEqual(before?.mappings.bk_ssh, { "shop.example.org": VM });
    assert.ok(
      before?.stats.some(({ pxname, svname }) => pxname === "ft_http" && svname === "FRONTEND"),
    );
    scene.domains.splice(0, 1, { name: "new.example.org", vmHash: hashOf("ab") });
    await haproxy.resync(never);
    assert.equal(await scene.get("new.example.org"), "the VM");
    assert.equal(await scene.get("shop.example.org"), "the node");
    const pid = await pidIn(scene.deps.plan.directory);
    await haproxy.regenerate(never);
    assert.equal(await pidIn(scene.deps.plan.directory), pid);
    const after = await haproxy.debug(never);
    assert.deepEqual(after?.mappings.bk_http, { "new.example.org": VM });
  });

  test("runs as a user of its own with nothing of the file system to see", async () => {
    await using scene = await aScene();
    await using _haproxy = await Haproxy.open(scene.deps, never);
    const pid = await pidIn(scene.deps.plan.directory);
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    assert.doesNotMatch(status, /^Uid:\s+0\b/m);
    assert.deepEqual(await readdir(`/proc/${pid}/root`), []);
  });

  test("goes on for the next daemon, is replaced when that wants another, and ends when none is wanted", async () => {
    await using scene = await aScene();
    const { directory } = scene.deps.plan;
    const first = await Haproxy.open(scene.deps, never);
    await first[Symbol.asyncDispose]();
    const pid = await pidIn(directory);
    assert.notEqual(pid, undefined);
    const second = await Haproxy.open(scene.deps, never);
    assert.equal(await pidIn(directory), pid);
    await second[Symbol.asyncDispose]();
    const ports = { ...scene.ports, http: await freePort() };
    const moved = { ...scene.deps, plan: { ...scene.deps.plan, ports } };
    const third = await Haproxy.open(moved, never);
    assert.notEqual(await pidIn(directory), pid);
    assert.equal(await get(ports.http, "shop.example.org"), "the VM");
    await third[Symbol.asyncDispose]();
    await using none = await Haproxy.open({ ...scene.deps, enabled: false }, never);
    assert.equal(await pidIn(directory), undefined);
    assert.equal(await none.debug(never), undefined);
  });

  test("one that leads to no VM ends with its daemon", async () => {
    await using scene = await aScene();
    scene.domains.length = 0;
    const haproxy = await Haproxy.open(scene.deps, never);
    assert.notEqual(await pidIn(scene.deps.plan.directory), undefined);
    await haproxy[Symbol.asyncDispose]();
    assert.equal(await pidIn(scene.deps.plan.directory), undefined);
    assert.deepEqual(await readdir(scene.home), []);
  });

  test("one that was killed is there again, with what it knew", async () => {
    await using scene = await aScene();
    await using haproxy = await Haproxy.open(scene.deps, never);
    const pid = await pidIn(scene.deps.plan.directory);
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    while ((await pidIn(scene.deps.plan.directory)) !== undefined) await passed(20);
    assert.equal(await haproxy.debug(never), undefined);
    await haproxy.resync(never);
    assert.equal(await scene.get("shop.example.org"), "the VM");
  });

  test("says in HAProxy's own words why it does not start", async () => {
    await using scene = await aScene();
    await using taken = await listening(tcpServer(), "0.0.0.0", 0);
    const ports = { ...scene.ports, http: taken.port };
    const plan = { ...scene.deps.plan, ports };
    await assert.rejects(Haproxy.open({ ...scene.deps, plan }, never), /Address already in use/);
  });
});

async function aScene() {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await tempDir());
  const node = stack.use(await listening(answering("the node"), "127.0.0.1", 0));
  stack.use(await listening(answering("the VM"), VM, 80));
  stack.use(
    await listening(
      tcpServer((socket) => socket.end("SSH-2.0-vm\r\n")),
      VM,
      22,
    ),
  );
  const greeted: string[] = [];
  const takesGreetings = tcpServer((socket) => noteGreeting(socket, greeted));
  stack.use(await listening(takesGreetings, VM, 443));
  const ports = { http: await freePort(), https: await freePort(), ssh: await freePort() };
  const domains: DomainName[] = [
    { name: "shop.example.org", vmHash: hashOf("ab") },
    { name: "node.example.org", vmHash: hashOf("ab") },
    { name: "elsewhere.example.org", vmHash: hashOf("cd") },
  ];
  const directory = path.join(home.path, "haproxy");
  const deps: HaproxyDeps = {
    enabled: true,
    plan: {
      directory,
      socket: path.join(directory, "admin.sock"),
      ports,
      node: { address: "127.0.0.1", port: node.port },
      user: "haproxy",
    },
    resyncIntervalS: 600,
    nodeNames: new Set(["node.example.org"]),
    domains: { list: async () => [...domains] },
    addressOf: (vmHash) => (vmHash === hashOf("ab") ? VM : undefined),
    log: new RememberingLog(),
  };
  // Whatever a test leaves running ends before its directory goes.
  stack.defer(async () => {
    await using _none = await Haproxy.open({ ...deps, enabled: false }, never);
  });
  const over = stack.move();
  const end = () => over.disposeAsync();
  return {
    deps,
    home: home.path,
    ports,
    domains,
    greeted,
    get: (host: string) => get(ports.http, host),
    [Symbol.asyncDispose]: end,
  };
}

function answering(text: string): Server {
  return httpServer((_, answer) => answer.end(text));
}

async function listening(server: Server, address: string, port: number) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, address, resolve);
  await promise;
  const bound = server.address();
  assert.ok(typeof bound === "object" && bound !== null);
  const end = async () => void server.close();
  return { port: bound.port, [Symbol.asyncDispose]: end };
}

async function freePort(): Promise<number> {
  await using taken = await listening(tcpServer(), "0.0.0.0", 0);
  return taken.port;
}

/** Remembers the name in a TLS greeting that came through: it was not ended on the way. */
function noteGreeting(socket: Socket, greeted: string[]): void {
  socket.once("data", (greeting) => {
    greeted.push(/[a-z]+\.example\.org/.exec(greeting.toString("latin1"))?.[0] ?? "nobody");
    socket.destroy();
  });
}

function get(port: number, host: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asked = request({ host: "127.0.0.1", port, headers: { host }, agent: false }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    answer.on("end", () => resolve(text));
  });
  asked.on("error", reject);
  asked.end();
  return promise;
}

function firstWords(port: number, servername: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { host: "127.0.0.1", port, servername, rejectUnauthorized: false };
  const socket = tlsConnect(options, () => socket.once("data", (data) => resolve(String(data))));
  socket.on("error", reject);
  return promise.finally(() => socket.destroy());
}

/** Says hello in TLS, and waits until the other end has heard enough. */
function greet(port: number, servername: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const tls = tlsConnect({ host: "127.0.0.1", port, servername });
  tls.on("error", () => resolve()); // it never becomes a TLS connection
  return promise;
}

async function pidIn(directory: string): Promise<number | undefined> {
  for (const name of (await readdir("/proc")).filter((it) => /^\d+$/.test(it))) {
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => "");
    if (cwd.startsWith(directory)) return Number(name);
  }
  return undefined;
}

function hashOf(byte: string): ItemHash {
  const hash = parseItemHash(byte.repeat(32));
  assert.ok(hash);
  return hash;
}

import assert from "node:assert/strict";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";

import { type Config, readConfig } from "#config/config.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { type TempDir, tempDir } from "#testing/temp-dir.ts";

import { type RunningHost, startHost } from "./start-host.ts";

const DEADLINE_MS = 10_000;

function settingsIn(dir: TempDir, different: Record<string, string> = {}): Config {
  const env = {
    HOME: dir.path,
    ALCOVE_HYPERVISOR: "fake",
    ALCOVE_STATE_DIR: `${dir.path}/state`,
    ALCOVE_RUNTIME_DIR: `${dir.path}/run`,
    ALCOVE_LISTEN_PORT: "0",
    ALCOVE_MEMORY_RESERVE_MIB: "0",
    ALCOVE_MEMORY_OVERCOMMIT: "100",
    ALCOVE_DISK_RESERVE_MIB: "0",
    ...different,
  };
  return readConfig(env, process.getuid?.() ?? 0);
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

/** One request over the host's Unix socket. */
async function ask(host: RunningHost, method: string, path: string, body = ""): Promise<Answer> {
  const { socketPath } = host;
  assert.ok(socketPath !== undefined, "it has no socket");
  const agent = false;
  return answerTo(request({ socketPath, method, path, agent, headers: { host: "unix" } }), body);
}

async function answerTo(call: ReturnType<typeof request>, body = ""): Promise<Answer> {
  call.setTimeout(DEADLINE_MS, () => call.destroy(new Error("no answer")));
  call.end(body);
  const [response] = await once(call, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, body: text };
}

async function create(host: RunningHost, body: object): Promise<void> {
  const path = "/hostgroup/sbox/nodes?wait=agent&timeout=10s";
  const { status, body: text } = await ask(host, "POST", path, JSON.stringify(body));
  assert.deepEqual([status, status === 201 ? "" : text], [201, ""]);
}

async function nodesOf(host: RunningHost): Promise<readonly (readonly [string, string])[]> {
  const { body } = await ask(host, "GET", "/nodes");
  const nodes: { hostname: string; status: string }[] = JSON.parse(body);
  return nodes.map(({ hostname, status }) => [hostname, status] as const);
}

test("daemon: it starts, serves, stops, and starts again with its persistent VMs", async () => {
  await using dir = await tempDir();
  const log = new RememberingLog();
  {
    await using host = await startHost(settingsIn(dir), log, never);
    await create(host, {});
    await create(host, { persistent: true });
    assert.deepEqual(await nodesOf(host), [
      ["sbox-1", "Running"],
      ["sbox-2", "Running"],
    ]);
  }
  {
    await using host = await startHost(settingsIn(dir), log, never);
    assert.deepEqual(await nodesOf(host), [["sbox-2", "Stopped"]]);
    await create(host, {});
    assert.deepEqual(
      (await nodesOf(host)).map(([hostname]) => hostname),
      ["sbox-2", "sbox-1"],
    );
  }
  assert.deepEqual(log.troubles(), []);
});

test("daemon: TCP wants the token from its file; the Unix socket wants none", async () => {
  await using dir = await tempDir();
  const config = settingsIn(dir);
  await using host = await startHost(config, new RememberingLog(), never);
  const tokenFile = `${config.stateDir}/auth/token`;
  const token = (await readFile(tokenFile, "utf8")).trim();
  const over = (headers: Record<string, string>) =>
    answerTo(request({ port: host.port, path: "/info", agent: false, headers }));
  assert.equal((await over({})).status, 401);
  assert.equal((await over({ authorization: `Bearer ${token}` })).status, 200);
  assert.equal((await ask(host, "GET", "/info")).status, 200);
  assert.equal((await stat(tokenFile)).mode & 0o777, 0o600);
});

test("daemon: the token stays the same over restarts", async () => {
  await using dir = await tempDir();
  const tokens = [];
  for (let start = 0; start < 2; start += 1) {
    const config = settingsIn(dir);
    await using _host = await startHost(config, new RememberingLog(), never);
    tokens.push(await readFile(`${config.stateDir}/auth/token`, "utf8"));
  }
  assert.equal(tokens[0], tokens[1]);
});

test("daemon: without auth it says so in the log", async () => {
  await using dir = await tempDir();
  const log = new RememberingLog();
  await using host = await startHost(settingsIn(dir, { ALCOVE_AUTH: "off" }), log, never);
  const { status } = await answerTo(request({ port: host.port, path: "/info", agent: false }));
  assert.equal(status, 200);
  assert.deepEqual(log.troubles(), ["host.auth_off"]);
});

test("daemon: a second one for the same directories is refused, and the first lives on", async () => {
  await using dir = await tempDir();
  await using first = await startHost(settingsIn(dir), new RememberingLog(), never);
  await assert.rejects(
    startHost(settingsIn(dir), new RememberingLog(), never),
    /Another Alcove daemon already uses .*: stop it/,
  );
  assert.equal((await ask(first, "GET", "/healthz")).status, 200);
});

test("daemon: a start that fails on a taken port costs no VM, and can be tried again", async () => {
  await using dir = await tempDir();
  {
    await using host = await startHost(settingsIn(dir), new RememberingLog(), never);
    await create(host, { persistent: true });
  }
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  assert.ok(typeof address === "object" && address !== null);
  const blocked = settingsIn(dir, { ALCOVE_LISTEN_PORT: String(address.port) });
  await assert.rejects(startHost(blocked, new RememberingLog(), never), /set ALCOVE_LISTEN_PORT/);
  taken.close();
  await using host = await startHost(settingsIn(dir), new RememberingLog(), never);
  assert.deepEqual(await nodesOf(host), [["sbox-1", "Stopped"]]);
});

test("daemon: an address that is not this host's is refused in one sentence", async () => {
  await using dir = await tempDir();
  const elsewhere = settingsIn(dir, { ALCOVE_LISTEN_ADDRESS: "192.0.2.1" });
  await assert.rejects(
    startHost(elsewhere, new RememberingLog(), never),
    /^StartRefused: .*192\.0\.2\.1.*: this host has no such address/,
  );
});

test("daemon: what it makes is private", async () => {
  await using dir = await tempDir();
  const config = settingsIn(dir);
  await using _host = await startHost(config, new RememberingLog(), never);
  assert.equal((await stat(config.stateDir)).mode & 0o777, 0o700);
  assert.equal((await stat(config.runtimeDir)).mode & 0o777, 0o711);
});

test("daemon: a stop cuts what clients still wait for", async () => {
  await using dir = await tempDir();
  const host = await startHost(settingsIn(dir), new RememberingLog(), never);
  await create(host, {});
  const { socketPath = "" } = host;
  const path = "/vm/sbox-1/exec?cmd=sleep&args=600";
  const call = request({ socketPath, method: "POST", path, agent: false });
  call.end();
  const [response] = await once(call, "response");
  const cut = assert.rejects(once(response.resume(), "end"), /aborted/);
  await host[Symbol.asyncDispose]();
  await cut;
});

test("daemon: a client can ask for its end, which its holder then brings about", async () => {
  await using dir = await tempDir();
  await using host = await startHost(settingsIn(dir), new RememberingLog(), never);
  assert.deepEqual(await ask(host, "POST", "/daemon/shutdown"), { status: 202, body: "" });
  await host.stopAsked;
  assert.equal((await ask(host, "GET", "/healthz")).status, 200, "it serves until it is disposed");
});

/** The same with a configuration file of these lines below its one group. */
async function fileIn(dir: TempDir, ...lines: readonly string[]): Promise<Config> {
  const file = `${dir.path}/slicer.yaml`;
  const groups = "  host_groups: [{ name: web, count: 2, vcpu: 1, ram_mb: 512 }]";
  await writeFile(file, ["config:", groups, ...lines].join("\n"));
  const ports = lines.some((line) => line.includes("sock")) ? { ALCOVE_LISTEN_PORT: "" } : {};
  return settingsIn(dir, { ALCOVE_CONFIG: file, ...ports });
}

test("daemon: what the file declares runs, is protected, and runs again with the next daemon", async () => {
  await using dir = await tempDir();
  const log = new RememberingLog();
  const declared = [
    ["web-1", "Running"],
    ["web-2", "Running"],
  ];
  for (let start = 0; start < 2; start += 1) {
    const config = await fileIn(dir, "  api: { auth: { enabled: true } }");
    await using host = await startHost(config, log, never);
    assert.deepEqual(await nodesOf(host), declared);
    const { status, body } = await ask(host, "DELETE", "/hostgroup/web/nodes/web-1");
    assert.equal(status, 403);
    assert.match(body, /declared in the configuration/);
    const groups: unknown = JSON.parse((await ask(host, "GET", "/hostgroup")).body);
    const web = { name: "web", count: 2, ram_bytes: 512 * 1024 * 1024, cpus: 1, gpu_count: 0 };
    assert.deepEqual(groups, [{ ...web, arch: "x86_64" }]);
  }
  assert.deepEqual(log.troubles(), ["config.differs", "config.differs"]); // the port, twice
});

test("daemon: a file without an auth block serves without a token, loudly beyond this host", async () => {
  await using dir = await tempDir();
  const log = new RememberingLog();
  await using host = await startHost(
    await fileIn(dir, "  api: { bind_address: 0.0.0.0 }"),
    log,
    never,
  );
  const { status } = await answerTo(request({ port: host.port, path: "/info", agent: false }));
  assert.equal(status, 200);
  assert.deepEqual(log.troubles(), ["config.differs", "host.auth_off", "host.open_to_network"]);
});

test("daemon: a file that names a socket is served there alone, with a token if it says so", async () => {
  await using dir = await tempDir();
  const socketPath = `${dir.path}/api.sock`;
  for (const [block, status] of [
    ["{ bind_address: ./api.sock }", 200],
    ["{ socket: ./api.sock, auth: { enabled: true } }", 401],
  ] as const) {
    const config = await fileIn(dir, `  api: ${block}`);
    await using host = await startHost(config, new RememberingLog(), never);
    assert.equal(host.port, undefined);
    const call = request({ socketPath, path: "/info", agent: false });
    assert.equal((await answerTo(call)).status, status);
    assert.equal((await ask(host, "GET", "/info")).status, 200);
  }
});

test("daemon: in the place of its socket only a dead one is replaced", async () => {
  await using dir = await tempDir();
  const socketPath = `${dir.path}/api.sock`;
  const config = await fileIn(dir, "  api: { socket: ./api.sock }");
  const starting = () => startHost(config, new RememberingLog(), never);

  await writeFile(socketPath, "no socket");
  await assert.rejects(starting(), /EADDRINUSE.*api\.sock/);
  assert.equal(await readFile(socketPath, "utf8"), "no socket");
  await rm(socketPath);

  const other = createServer().listen(`${dir.path}/other.sock`);
  await once(other, "listening");
  await rename(`${dir.path}/other.sock`, socketPath); // so that closing does not remove it
  await assert.rejects(starting(), /Another program listens on .*api\.sock: stop it/);
  other.close();
  await once(other, "close");
  await using _host = await starting();
  assert.equal((await answerTo(request({ socketPath, path: "/info", agent: false }))).status, 200);
});

test("daemon: a file that turns the API off gets its VMs and no listener", async () => {
  await using dir = await tempDir();
  const config = await fileIn(dir, "  api: { enabled: false } # not even a sock");
  await using host = await startHost(config, new RememberingLog(), never);
  assert.deepEqual([host.port, host.socketPath], [undefined, undefined]);
});

for (const [line, asked] of [
  ["  graceful_shutdown: true", "stop"],
  ["  graceful_shutdown: false", "kill"],
] as const) {
  test(`daemon: with ${line.trim()} its end is a ${asked} for what is declared`, async () => {
    await using dir = await tempDir();
    const log = new RememberingLog();
    const inputs = () =>
      log.lines.filter(({ event }) => event === "vm.phase").map((it) => String(it["input"]));
    {
      await using _host = await startHost(await fileIn(dir, line), log, never);
      await eventually("both run", () => inputs().filter((it) => it === "booted").length === 2);
    }
    const ends = inputs().filter((input) => input === "stop" || input === "kill");
    assert.deepEqual(ends, [asked, asked]);
  });
}

test("daemon: keys that cannot be fetched keep declared VMs from starting, and nothing else", async () => {
  await using dir = await tempDir();
  const log = new RememberingLog();
  const file = await fileIn(dir, "  github_user: somebody", "  api: { auth: { enabled: true } }");
  await using host = await startHost({ ...file, keysUrl: "http://127.0.0.1:1" }, log, never);
  assert.deepEqual(await nodesOf(host), []);
  const told = log.lines.filter(({ event }) => event === "service.not_started");
  assert.equal(told.length, 2);
  assert.match(String(told[0]?.["reason"]), /somebody/);
});

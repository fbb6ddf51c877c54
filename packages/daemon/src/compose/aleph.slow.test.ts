import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { once } from "node:events";
import { test } from "node:test";

import { readConfig } from "#config/config.ts";
import { never } from "#testing/fake-host.ts";
import { eventually } from "#testing/eventually.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { type TempDir, tempDir } from "#testing/temp-dir.ts";

import { type RunningHost, startHost } from "./start-host.ts";

const TOKEN = "test";
const PARENT = "aa".repeat(32);
const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const DEADLINE_MS = 20_000;
const PARENT_BYTES = 1_048_576;

function configIn(dir: TempDir, different: Record<string, string> = {}) {
  const env = {
    HOME: dir.path,
    ALCOVE_HYPERVISOR: "fake",
    ALCOVE_STATE_DIR: `${dir.path}/state`,
    ALCOVE_RUNTIME_DIR: `${dir.path}/run`,
    ALCOVE_LISTEN_PORT: "0",
    ALCOVE_MEMORY_RESERVE_MIB: "0",
    ALCOVE_MEMORY_OVERCOMMIT: "100",
    ALCOVE_DISK_RESERVE_MIB: "0",
    ALCOVE_TEMPLATES: "off",
    ALEPH_VM_SUPERVISOR_PORT: "0",
    ALEPH_VM_HOST_MEMORY_RESERVED_MIB: "0",
    ALEPH_VM_PROGRAM_MEMORY_RESERVED_MIB: "0",
    ALEPH_VM_VCPU_OVERCOMMIT_FACTOR: "100",
    ALEPH_VM_ALLOCATION_TOKEN_HASH: createHash("sha256").update(TOKEN).digest("hex"),
    ...different,
  };
  return readConfig(env, process.getuid?.() ?? 0);
}

interface Ask {
  readonly method?: string;
  readonly body?: unknown;
}

async function ask(
  port: number | undefined,
  path: string,
  { method = "GET", body }: Ask = {},
): Promise<readonly [status: number, body: string]> {
  const headers = { "x-auth-signature": TOKEN };
  const call = request({ host: "127.0.0.1", port, path, method, headers, agent: false });
  call.setTimeout(DEADLINE_MS, () => call.destroy(new Error("no answer")));
  call.end(body === undefined ? "" : JSON.stringify(body));
  const [answer] = await once(call, "response");
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return [answer.statusCode, text];
}

/** What its owner has published. */
function instance(parent: string): object {
  return {
    address: OWNER,
    time: 1_748_779_200,
    allow_amend: false,
    environment: { hypervisor: "qemu", internet: true },
    resources: { vcpus: 1, memory: 128, seconds: 30 },
    payment: { chain: "ETH", type: "hold" },
    rootfs: { parent: { ref: parent, use_latest: false }, persistence: "host", size_mib: 64 },
  };
}

/** A disk with the mark of an ext4, which is all that is looked at. */
async function putParent(dir: TempDir): Promise<void> {
  const disk = Buffer.alloc(PARENT_BYTES);
  disk.writeUInt16LE(0xef53, 1024 + 56);
  await mkdir(`${dir.path}/state/aleph/store/files`, { recursive: true });
  await writeFile(`${dir.path}/state/aleph/store/files/${PARENT}`, disk);
}

async function stateOf(host: RunningHost, hash: string): Promise<unknown> {
  const [, text] = await ask(host.alephPort, "/v2/about/executions/list?all=true");
  const listed: Record<string, { running: boolean }> = JSON.parse(text);
  return listed[hash]?.running;
}

test("Aleph node: it is there only when it is asked for", async () => {
  await using dir = await tempDir();
  const off = configIn(dir, { ALCOVE_ALEPH: "off" });
  await using host = await startHost(off, new RememberingLog(), never);
  assert.equal(host.alephPort, undefined);
});

test("Aleph node: what is published is started, listed, stopped, known to the next daemon, and erased", async () => {
  await using dir = await tempDir();
  await putParent(dir);
  const hash = randomBytes(32).toString("hex");
  const at = `/control/machine/${hash}`;
  {
    const log = new RememberingLog();
    await using host = await startHost(configIn(dir), log, never);
    const { alephPort, port } = host;
    const put = { method: "PUT", body: instance(PARENT) };
    assert.equal((await ask(alephPort, `/local/v0/messages/${hash}`, put))[0], 201);
    const notice = { method: "POST", body: { instance: hash } };
    const done = '{"success": true, "successful": true, "failing": [], "errors": {}}';
    assert.deepEqual(await ask(alephPort, "/control/allocation/notify", notice), [200, done]);
    assert.equal(await stateOf(host, hash), true);
    assert.ok(port !== undefined);
    await eventually("its console has said something", async () => {
      const [, logs] = await ask(alephPort, `${at}/logs`);
      return /"SYSLOG_IDENTIFIER": "vm-/.test(logs);
    });
    const stopped = await ask(alephPort, `${at}/stop`, { method: "POST" });
    assert.deepEqual(stopped, [200, `Stopped VM with ref ${hash}`]);
  }
  await using host = await startHost(configIn(dir), new RememberingLog(), never);
  assert.equal(await stateOf(host, hash), false);
  const again = await ask(host.alephPort, `${at}/stop`, { method: "POST" });
  assert.deepEqual(again, [200, "Already stopped, nothing to do"]);
  const erased = await ask(host.alephPort, `${at}/erase`, { method: "POST" });
  assert.deepEqual(erased, [200, `Erased VM with ref ${hash}`]);
  assert.equal((await ask(host.alephPort, `${at}/stop`, { method: "POST" }))[0], 404);
});

test("Aleph node: 20 allocations with a bad one among them are answered with 207 and its reason", async () => {
  await using dir = await tempDir();
  await putParent(dir);
  await using host = await startHost(configIn(dir), new RememberingLog(), never);
  const hashes = Array.from({ length: 20 }, () => randomBytes(32).toString("hex"));
  const [bad = "", ...good] = hashes;
  for (const hash of good) {
    const put = { method: "PUT", body: instance(PARENT) };
    assert.equal((await ask(host.alephPort, `/local/v0/messages/${hash}`, put))[0], 201);
  }
  const wanted = { method: "POST", body: { persistent_vms: [], instances: hashes } };
  const [status, text] = await ask(host.alephPort, "/control/allocations", wanted);
  const report: Record<string, unknown> = JSON.parse(text);
  assert.deepEqual([status, report["failing"]], [207, [bad]]);
  assert.deepEqual(report["errors"], { [bad]: "Exception('Unhandled Error')" });
  const [, listed] = await ask(host.alephPort, "/about/executions/list");
  assert.equal(Object.keys(JSON.parse(listed)).length, good.length);
});

test("Aleph node: its secret is in a file that only its operator reads, of this run only", async () => {
  await using dir = await tempDir();
  await using host = await startHost(configIn(dir), new RememberingLog(), never);
  const file = await stat(`${dir.path}/state/aleph/login_token`);
  assert.equal(file.mode & 0o777, 0o400);
  assert.equal((await ask(host.alephPort, "/about/login"))[0], 401);
});

test("Aleph node: a mistyped signer keeps the daemon from starting, and it says which", async () => {
  await using dir = await tempDir();
  const signer = "0x2937f62e5F81A88e921f883f8fE56ceCf4A4A44a";
  const config = configIn(dir, { ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS: `["${signer}"]` });
  await assert.rejects(startHost(config, new RememberingLog(), never), {
    name: "StartRefused",
    message: new RegExp(`names ${signer}, which is no address with the checksum of EIP-55`),
  });
});

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";

import { SecretExistsError } from "../api-error.ts";
import { AlcoveClient } from "../node/alcove-client.ts";
import { withClient } from "../testing/with-host.ts";
import { AlcoveTimeoutError } from "../timeout-error.ts";
import { UserdataError } from "./readiness.ts";
import { GiB } from "./vms.ts";

describe("client", { timeout: 60_000 }, () => {
  test("a VM is created in the API's words, and deleted at the end of its scope", async () => {
    await withClient({}, async (client, host) => {
      {
        await using vm = await client.vms.create(
          "sbox",
          { cpus: 1, ramBytes: GiB(1), sshKeys: ["ssh-ed25519 A"], tags: ["t"], secrets: [] },
          { wait: "agent", waitTimeoutSec: 60 },
        );
        assert.deepEqual([vm.hostname, vm.hostgroup, vm.ip], ["sbox-1", "sbox", "10.0.0.9"]);
        assert.deepEqual(vm.tags, ["t"]);
        assert.equal(vm.createdAt, "2026-01-02T03:04:05.678Z");
        assert.deepEqual(JSON.parse(JSON.stringify(vm)), { ...vm.facts });
      }
      assert.equal(host.vms.has("sbox-1"), false);
      const [create] = host.seen;
      assert.equal(create?.query.toString(), "wait=agent&timeout=60000ms");
      assert.deepEqual(JSON.parse(create.body.toString()), {
        cpus: 1,
        tags: ["t"],
        secrets: [],
        ram_bytes: 2 ** 30,
        ssh_keys: ["ssh-ed25519 A"],
      });
    });
  });

  test("a VM that is gone already is no error at the end of a scope, a failing delete is", async () => {
    await withClient({}, async (client, host) => {
      await client.vms.attach("sbox", "vm-9")[Symbol.asyncDispose]();
      host.refuseDeletes = true;
      await assert.rejects(async () => {
        await using _vm = client.vms.attach("sbox", "vm-1");
      }, /stuck/);
    });
  });

  test("VMs are listed, found by host name or friendly name, and deleted by name", async () => {
    await withClient({}, async (client, host) => {
      host.addVm("vm-2").tags = ["name=db", "x"];
      assert.deepEqual(
        (await client.vms.list({ tag: "x" })).map(({ hostname }) => hostname),
        ["vm-2"],
      );
      assert.equal((await client.vms.get("db"))?.hostname, "vm-2");
      assert.equal((await client.vms.get("vm-1"))?.ramBytes, 2 ** 30);
      assert.equal(await client.vms.get("none"), undefined);
      assert.equal((await client.vms.delete("db")).diskRemoved, "true");
      await assert.rejects(client.vms.delete("db"), { status: 404, code: "vm_not_found" });
      assert.equal((await client.hostGroups.listVMs("sbox")).length, 1);
      assert.equal((await client.hostGroups.find("sbox"))?.ramBytes, 2 ** 31);
      assert.equal(await client.hostGroups.find("other"), undefined);
      assert.equal((await client.getInfo()).gitCommit, "abc");
      await client.healthz();
    });
  });

  test("exec streams text and bytes; a character cut in two comes whole", async () => {
    await withClient({}, async (client) => {
      const vm = client.vms.attach("sbox", "vm-1");
      const script = "printf '\\303'; sleep 0.2; printf '\\251'; echo err >&2; exit 7";
      const frames = await Array.fromAsync(vm.exec({ command: "sh", args: ["-c", script] }));
      assert.equal(frames[0]?.type, "started");
      assert.ok((frames[0]?.pid ?? 0) > 0);
      assert.equal(frames.map(({ stdout = "" }) => stdout).join(""), "é");
      const bytes = frames.flatMap(({ stdoutBytes }) => [...(stdoutBytes ?? [])]);
      assert.deepEqual(bytes, [0xc3, 0xa9]);
      assert.equal(frames.map(({ stderr = "" }) => stderr).join(""), "err\n");
      assert.deepEqual(frames.at(-1), { type: "exit", exitCode: 7 });
    });
  });

  test("execBuffered gives text, or bytes when asked; input and both kinds of env work", async () => {
    await withClient({}, async (client, host) => {
      const vm = client.vms.attach("sbox", "vm-1");
      const cat = await vm.execBuffered({ command: "cat", stdin: "in", env: ["A=1", "A=2"] });
      assert.deepEqual(cat, { exitCode: 0, stdout: "in", stderr: "", encoding: "text" });
      assert.deepEqual(host.seen[0]?.query.getAll("env"), ["A=1", "A=2"]);
      const script = "printf '\\377'; kill -TERM $$";
      const request = { command: "sh", args: ["-c", script], stdio: "base64" } as const;
      const killed = await vm.execBuffered({ ...request, env: { B: "x" } });
      assert.ok(Buffer.isBuffer(killed.stdout));
      assert.deepEqual([killed.stdout[0], killed.exitCode, killed.signal], [255, 143, "SIGTERM"]);
      await assert.rejects(vm.execBuffered({ command: "" }), /command is required/);
    });
  });

  test("files: written, read, listed, described, removed", async () => {
    await withClient({}, async (client) => {
      const { fs } = client.vms.attach("sbox", "vm-1");
      const content = randomBytes(300_000);
      await fs.mkdir({ path: "/d", recursive: true });
      await fs.writeFile("/d/f", content, { permissions: "0600", uid: 0 });
      assert.ok((await fs.readFile("/d/f")).equals(content));
      assert.deepEqual(
        (await fs.readDir("/d")).map(({ name }) => name),
        ["f"],
      );
      assert.equal((await fs.stat("/d/f"))?.size, 300_000);
      assert.deepEqual([await fs.stat("/none"), await fs.exists("/none")], [null, false]);
      await assert.rejects(fs.readFile("/d/f", { maxBytes: 1000 }), /larger than 1000/);
      await assert.rejects(fs.remove("/d"), { status: 400 });
      await fs.remove("/d", true);
      assert.equal(await fs.exists("/d/f"), false);
      const missing = client.vms.attach("sbox", "vm-9");
      await assert.rejects(missing.fs.exists("/d"), { code: "vm_not_found" });
    });
  });

  test("changes of files are told as they come, in the caller's words", async () => {
    await withClient({}, async (client, host) => {
      const { fs } = client.vms.attach("sbox", "vm-1");
      const event = { timestamp: "2026-01-02T03:04:05Z", size: 3, isDir: false };
      host.guestFiles.events.push({ type: "create", path: "/w/a", ...event });
      host.guestFiles.events.push({ type: "write", path: "/w/a", ...event });
      const request = { paths: ["/w"], events: ["create", "write"], recursive: true } as const;
      const limits = { debounceMs: 50, timeoutMs: 1000, maxEvents: 2, oneShot: false };
      const seen = await Array.fromAsync(fs.watch({ ...request, ...limits }));
      assert.deepEqual(
        seen.map(({ id, type, path }) => [id, type, path]),
        [
          [1, "create", "/w/a"],
          [2, "write", "/w/a"],
        ],
      );
      assert.equal(
        host.seen.at(-1)?.query.toString(),
        "paths=%2Fw&events=create&events=write&recursive=true&one_shot=false&debounce=50ms&timeout=1000ms&max_events=2",
      );
    });
  });

  test("background commands: started, followed, killed, waited for, removed", async () => {
    await withClient({}, async (client, host) => {
      const { bg } = client.vms.attach("sbox", "vm-1");
      const script = "echo one; sleep 0.2; echo two; exit 3";
      const short = await bg.exec({ command: "sh", args: ["-c", script], ringBytes: 65_536 });
      assert.match(short.execId, /^ex_/);
      assert.equal(host.seen.at(-1)?.query.get("ring_bytes"), "65536");
      const frames = await Array.fromAsync(bg.logs(short.execId, { follow: true }));
      assert.equal(frames.map(({ stdout = "" }) => stdout).join(""), "one\ntwo\n");
      assert.equal(frames.at(-1)?.exitCode, 3);
      host.background.firstId = 3;
      const [gap] = await Array.fromAsync(bg.logs(short.execId, { fromId: 1 }));
      assert.deepEqual(gap, {
        id: 2,
        type: "gap",
        droppedBytes: 7,
        droppedFrames: 2,
        message: "gone",
      });
      const long = await bg.exec({ command: "sleep", args: ["60"] });
      assert.equal((await bg.wait(long.execId, 1)).timedOut, true);
      await assert.rejects(bg.remove(long.execId), { status: 409 });
      assert.match((await bg.kill(long.execId, { signal: "TERM" })).signalSent, /TERM/);
      const end = await bg.wait(long.execId, 10);
      assert.deepEqual([end.running, end.timedOut, end.signal], [false, false, "SIGTERM"]);
      assert.equal((await bg.list()).length, 2);
      assert.equal((await bg.remove(long.execId)).reaped, true);
      await assert.rejects(bg.info(long.execId), { status: 410 });
    });
  });

  test("power, tags, logs, stats and description", async () => {
    await withClient({}, async (client, host) => {
      const vm = client.vms.attach("sbox", "vm-1");
      const status = (): string | undefined => host.vms.get("vm-1")?.status;
      await vm.pause();
      assert.equal(status(), "Paused");
      await vm.resume();
      await vm.suspend();
      assert.equal(status(), "Suspended");
      assert.equal((await vm.stats()).snapshot, null);
      await vm.restore({ wait: "agent", waitTimeoutSec: 5 });
      assert.equal(host.seen.at(-1)?.query.toString(), "wait=agent&timeout=5000ms");
      await vm.shutdown();
      assert.equal(host.seen.at(-1)?.query.toString(), "action=shutdown");
      assert.equal((await vm.relaunch()).createdAt, "2026-01-02T03:04:05.678Z");
      assert.deepEqual(await vm.addTags("a", "b"), ["a", "b"]);
      assert.deepEqual(await vm.removeTags("a"), ["b"]);
      assert.deepEqual(await vm.replaceTags(["c"]), ["c"]);
      assert.deepEqual(await vm.getTags(), ["c"]);
      await vm.logs({ lines: 5 });
      assert.equal(host.seen.at(-1)?.query.toString(), "lines=5");
      await vm.logs();
      assert.equal(host.seen.at(-1)?.query.toString(), "");
      assert.equal((await vm.stats()).snapshot?.memoryUsed, 2 ** 28);
      assert.equal((await client.vms.stats()).length, 1);
      const { network, ramBytes } = await vm.describe();
      assert.deepEqual([network.policySource, ramBytes], ["host_group", 2 ** 30]);
    });
  });

  test("secrets: content goes in as it is and never comes out; existing ones are told apart", async () => {
    await withClient({}, async (client, host) => {
      await client.secrets.create({ name: "k", data: "värde", permissions: "0400", uid: 5 });
      assert.equal(host.secrets.all.get("k")?.data.toString(), "värde");
      await assert.rejects(
        client.secrets.create({ name: "k", data: "x" }),
        (error) =>
          error instanceof SecretExistsError && error.status === 409 && error.secretName === "k",
      );
      await client.secrets.update("k", { gid: 7 });
      await client.secrets.patch("k", { data: Buffer.from([0, 255]) });
      const [listed] = await client.secrets.list();
      assert.deepEqual(
        [listed?.size, listed?.permissions, listed?.uid, listed?.gid],
        [2, "0400", 5, 7],
      );
      await client.secrets.delete("k");
      await assert.rejects(client.secrets.delete("k"), { status: 404 });
    });
  });

  test("waiting for the agent asks until it answers, gives up in time, and stops for good reasons", async () => {
    await withClient({}, async (client, host) => {
      const vm = client.vms.attach("sbox", "vm-1");
      host.healthAfter = 3;
      assert.equal((await vm.waitForAgent({ intervalMs: 5 })).agentVersion, "1");
      host.healthAfter = 1e9;
      await assert.rejects(
        vm.waitForAgent({ intervalMs: 5, timeoutMs: 50 }),
        (error) => error instanceof AlcoveTimeoutError && /agent/.test(error.message),
      );
      const reason = new Error("enough");
      await assert.rejects(vm.waitForAgent({ signal: AbortSignal.abort(reason) }), reason);
      const missing = client.vms.attach("sbox", "vm-9");
      await assert.rejects(missing.waitForAgent({ timeoutMs: 10_000 }), { status: 404 });
    });
  });

  test("waiting for the first-boot script ends with its status", async () => {
    await withClient({}, async (client, host) => {
      const vm = client.vms.attach("sbox", "vm-1");
      host.userdataExit = undefined;
      const waiting = vm.waitForUserdata({ intervalMs: 5 });
      host.userdataExit = 0;
      assert.equal((await waiting).userdataRan, true);
      host.userdataExit = 4;
      await assert.rejects(
        vm.waitForUserdata({ intervalMs: 5 }),
        (error) => error instanceof UserdataError && error.exitCode === 4,
      );
    });
  });

  test("the environment names the host: Alcove's words before Slicer's", async () => {
    await withClient({ token: "t" }, async (_, host) => {
      const slicer = { SLICER_URL: host.url, SLICER_TOKEN: "t" };
      using client = AlcoveClient.fromEnv(slicer);
      assert.equal((await client.info()).version, "9.9");
      using elsewhere = AlcoveClient.fromEnv({ ...slicer, ALCOVE_URL: "http://127.0.0.1:1" });
      assert.equal(elsewhere.endpoint, "http://127.0.0.1:1");
      using wrong = AlcoveClient.fromEnv({ ...slicer, ALCOVE_TOKEN: "x" });
      await assert.rejects(wrong.info(), (error) => error instanceof Error && "hint" in error);
      const file = { ALCOVE_TOKEN_FILE: "/nonexistent/token" };
      assert.throws(() => AlcoveClient.fromEnv(file), /ALCOVE_TOKEN_FILE/);
    });
  });
});

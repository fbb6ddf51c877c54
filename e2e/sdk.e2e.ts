/** The TypeScript SDK against a real host, as a program uses it; then its browser client, and what is published. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { before } from "node:test";
import { promisify } from "node:util";

import { AlcoveClient, MiB, SecretExistsError, type VM } from "@alcove/sdk";
import { AlcoveClient as BrowserClient } from "@alcove/sdk/browser/index.ts";

import { buildPackage } from "../packages/sdk/build.ts";
import { ROOT } from "./harness/can-run.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { inTime, until } from "./harness/until.ts";

const READY = { wait: "agent", waitTimeoutSec: 120 } as const;
/** a boot and some work under emulation, beside other tests */
const PROGRAM_MS = 120_000;

/** answers each connection with what it received, in the guest */
const ECHO = String.raw`
use IO::Socket::INET; $SIG{CHLD} = "IGNORE";
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 7, Listen => 16) or die;
while (my $one = $listener->accept) {
  next if fork;
  while (sysread($one, my $piece, 65536)) { syswrite($one, $piece) }
  exit;
}
`;

const PUBLISHED_PROGRAM = `
import { AlcoveClient } from "@alcove/sdk";
const client = AlcoveClient.fromEnv();
const vm = await client.vms.create("${GROUP}", {}, { wait: "agent" });
try {
  const { stdout, exitCode } = await vm.execBuffered({ command: "cat", stdin: "through node" });
  console.log(stdout, exitCode);
} finally {
  await vm.delete();
}
`;

suite("sdk", {}, (host, story) => {
  let client: AlcoveClient;
  let vm: VM;
  const address = async () => ({
    baseURL: `http://127.0.0.1:${await host.daemon.port()}`,
    token: readFileSync(path.join(host.dirs.state, "auth/token"), "utf8").trim(),
  });

  before(async () => {
    client = new AlcoveClient(await address());
    vm = await client.vms.create(GROUP, { ramBytes: MiB(256), tags: ["name=main"] }, READY);
  });

  story("a VM is gone at the end of its scope, whatever happened in it", async () => {
    const failure = new Error("in the scope");
    const work = async (): Promise<void> => {
      await using other = await client.vms.create(GROUP, {}, READY);
      assert.equal((await client.vms.list()).length, 2);
      assert.equal(
        (await other.execBuffered({ command: "hostname" })).stdout.trim(),
        other.hostname,
      );
      throw failure;
    };
    await assert.rejects(work, failure);
    assert.deepEqual(
      (await client.vms.list()).map(({ hostname }) => hostname),
      [vm.hostname],
    );
  });

  story("it is found by its friendly name, described, measured and tagged", async () => {
    const found = await client.vms.get("main");
    assert.deepEqual([found?.hostname, found?.status], [vm.hostname, "Running"]);
    const described = await vm.describe();
    assert.deepEqual([described.hostgroup, described.ramBytes], [GROUP, MiB(256)]);
    assert.ok(described.network.mode);
    assert.ok(((await vm.stats()).snapshot?.memoryUsed ?? 0) > 0);
    assert.deepEqual(await vm.addTags("a b"), ["name=main", "a b"]);
    assert.deepEqual(await vm.replaceTags([]), ["name=main"]);
    assert.match((await vm.logs({ lines: 0 })).content, /\n/);
    assert.ok((await vm.health()).agentUptime > 0);
    assert.match((await client.info()).version, /\d/);
    assert.equal((await client.hostGroups.find(GROUP))?.name, GROUP);
  });

  story(
    "commands: both streams, input, status, binary output, and an end when nobody reads",
    async () => {
      const script = "cat; printf 'é' >&2; exit 42";
      const input = randomBytes(300_000);
      const digest = createHash("sha256");
      const frames = vm.exec({ command: "/bin/sh", args: ["-c", script], stdin: input });
      let [errors, exitCode] = ["", 0];
      for await (const frame of frames) {
        if (frame.stdoutBytes) digest.update(frame.stdoutBytes);
        errors += frame.stderr ?? "";
        exitCode = frame.exitCode ?? 0;
      }
      assert.equal(digest.digest("hex"), createHash("sha256").update(input).digest("hex"));
      assert.deepEqual([errors, exitCode], ["é", 42]);
      const env = await vm.execBuffered({
        command: "/bin/sh",
        args: ["-c", 'echo "$A @ $PWD @ $(id -u)"'],
        env: ["A=1"],
        cwd: "/tmp",
        uid: 1000,
      });
      assert.equal(env.stdout, "1 @ /tmp @ 1000\n");
      let pid = 0;
      for await (const frame of vm.exec({ command: "sleep", args: ["600"] })) {
        pid = frame.pid ?? 0;
        break;
      }
      const isGone = { command: "/bin/sh", args: ["-c", `! test -d /proc/${pid}`] };
      await until("it is killed", async () => (await vm.execBuffered(isGone)).exitCode === 0);
    },
  );

  story("files: written, read, listed, and told of as they change", async () => {
    const content = randomBytes(200_000);
    await vm.fs.mkdir({ path: "/tmp/sdk", recursive: true });
    const told: string[] = [];
    const watching = (async () => {
      const request = { paths: ["/tmp/sdk"], events: ["create"], timeoutMs: 60_000 } as const;
      for await (const { type, path: where } of vm.fs.watch({ ...request, oneShot: true })) {
        told.push(`${type} ${where}`);
      }
    })();
    let number = 0;
    await until("a change is told", async () => {
      number += 1;
      await vm.fs.writeFile(`/tmp/sdk/f${number}`, content, { permissions: "0600", uid: 0 });
      return told.length > 0;
    });
    await inTime("one change is all that was wanted", watching);
    assert.match(told[0] ?? "", /^create \/tmp\/sdk\//);
    assert.ok((await vm.fs.readFile("/tmp/sdk/f1")).equals(content));
    const entry = (await vm.fs.readDir("/tmp/sdk")).find(({ name }) => name === "f1");
    assert.deepEqual([entry?.size, entry?.mode, entry?.type], [200_000, "0600", "file"]);
    const tar = await vm.fs.tarFrom("/tmp/sdk");
    assert.equal(tar.subarray(257, 262).toString(), "ustar");
    await vm.fs.tarTo("/tmp/copy", tar);
    assert.equal((await vm.fs.stat("/tmp/copy/f1"))?.size, 200_000);
    await vm.fs.remove("/tmp/sdk", true);
    assert.equal(await vm.fs.exists("/tmp/sdk"), false);
  });

  story("background commands: followed, killed, waited for, removed", async () => {
    const script = "for i in 1 2 3; do echo stage $i; sleep 0.3; done; exit 5";
    const { execId } = await vm.bg.exec({ command: script, shell: "/bin/bash" });
    let text = "";
    for await (const frame of vm.bg.logs(execId, { follow: true })) text += frame.stdout ?? "";
    assert.equal(text, "stage 1\nstage 2\nstage 3\n");
    assert.equal((await vm.bg.wait(execId, 10)).exitCode, 5);
    const long = await vm.bg.exec({ command: "sleep", args: ["600"] });
    assert.equal((await vm.bg.info(long.execId)).command, "sleep");
    await assert.rejects(vm.bg.remove(long.execId), { status: 409 });
    assert.match((await vm.bg.kill(long.execId)).signalSent, /TERM/);
    assert.equal((await vm.bg.wait(long.execId, 20)).running, false);
    assert.equal((await vm.bg.list()).length, 2);
    for (const id of [execId, long.execId]) await vm.bg.remove(id);
    await assert.rejects(vm.bg.info(execId), { status: 410 });
  });

  story("forward: a port of the guest here, and one raw connection", async () => {
    await vm.fs.writeFile("/root/echo.pl", ECHO, { uid: 0 });
    const { execId } = await vm.bg.exec({ command: "perl", args: ["/root/echo.pl"], uid: 0 });
    await until("it listens", () =>
      vm.connect("127.0.0.1:7").then(
        (one) => !!one.destroy(),
        () => false,
      ),
    );
    await using forward = await vm.forward("127.0.0.1:0:127.0.0.1:7");
    const sent = randomBytes(2_000_000);
    const [first, second] = [1, 2].map(async () => {
      const socket = net.connect(forward.listeners[0]?.port ?? 0, "127.0.0.1");
      socket.write(sent);
      return await received(socket, sent.length);
    });
    assert.ok((await first)?.equals(sent));
    assert.ok((await second)?.equals(sent));
    await assert.rejects(vm.connect("127.0.0.1:9"), { status: 502 });
    await vm.bg.kill(execId);
  });

  story("a shell echoes, and ends with the shell", async () => {
    await using shell = await vm.shell({ uid: 0, size: { cols: 100, rows: 30 } });
    await shell.write("stty size; exit\n");
    let seen = "";
    for await (const bytes of shell.output) seen += bytes.toString();
    assert.match(seen, /30 100/);
    await inTime("the session ends", shell.ended);
  });

  story("paused and resumed, suspended and restored, shut down and relaunched", async () => {
    await vm.pause();
    await assert.rejects(vm.execBuffered({ command: "true" }), { status: 409 });
    await vm.resume();
    await vm.waitForAgent({ intervalMs: 50 });
    await vm.execBuffered({ command: "touch", args: ["/dev/shm/kept"] });
    await vm.suspend();
    assert.equal((await client.vms.get(vm.hostname))?.status, "Suspended");
    await vm.restore({ wait: "agent", waitTimeoutSec: 120 });
    assert.equal(await vm.fs.exists("/dev/shm/kept"), true);
    await using kept = await client.vms.create(GROUP, { persistent: true }, READY);
    await kept.fs.writeFile("/root/kept", "x", { uid: 0 });
    await kept.shutdown();
    await kept.relaunch();
    await kept.waitForAgent();
    assert.equal((await kept.fs.readFile("/root/kept")).toString(), "x");
  });

  story("secrets reach the VMs that may see them; first-boot scripts are waited for", async () => {
    await client.secrets.create({ name: "sdk-a", data: "alpha", permissions: "0440", gid: 1000 });
    await client.secrets.create({ name: "sdk-b", data: "beta" });
    await assert.rejects(client.secrets.create({ name: "sdk-a", data: "x" }), SecretExistsError);
    const request = { secrets: ["sdk-a"], userdata: "cat /run/slicer/secrets/sdk-a > /root/seen" };
    await using other = await client.vms.create(GROUP, request);
    await other.waitForUserdata();
    assert.equal((await other.fs.readFile("/root/seen")).toString(), "alpha");
    assert.equal((await other.fs.stat("/run/slicer/secrets/sdk-a"))?.mode, "0440");
    assert.equal(await other.fs.exists("/run/slicer/secrets/sdk-b"), false);
    await client.secrets.update("sdk-a", { permissions: "0400" });
    const [a] = (await client.secrets.list()).filter(({ name }) => name === "sdk-a");
    assert.deepEqual([a?.size, a?.permissions], [5, "0400"]);
    for (const name of ["sdk-a", "sdk-b"]) await client.secrets.delete(name);
    assert.deepEqual(await client.secrets.list(), []);
  });

  story("the browser's client does the same over fetch", async () => {
    using browser = new BrowserClient(await address());
    const same = browser.vms.attach(vm.hostgroup, vm.hostname);
    const content = new Uint8Array(randomBytes(100_000));
    await same.fs.writeFile("/tmp/browser", content);
    assert.deepEqual(await same.fs.readFile("/tmp/browser"), content);
    const counted = await same.execBuffered({ command: "wc", args: ["-c"], stdin: content });
    assert.equal(counted.stdout.trim(), "100000");
    await assert.rejects(same.fs.readFile("/none"), { status: 404 });
  });

  story("what is published runs on the machine's own Node", async (): Promise<void> => {
    const folder = path.join(host.dirs.scratch, "published");
    await mkdir(path.join(folder, "node_modules/@alcove"), { recursive: true });
    for (const name of ["ws", "modern-tar"]) {
      await symlink(path.join(ROOT, "node_modules", name), path.join(folder, "node_modules", name));
    }
    await buildPackage(path.join(folder, "node_modules/@alcove/sdk"));
    await writeFile(path.join(folder, "program.mjs"), PUBLISHED_PROGRAM);
    const { baseURL, token } = await address();
    const env = {
      PATH: withoutOurs(process.env["PATH"]),
      ALCOVE_URL: baseURL,
      ALCOVE_TOKEN: token,
    };
    const options = { cwd: folder, env, timeout: PROGRAM_MS };
    const { stdout } = await promisify(execFile)("node", ["program.mjs"], options);
    assert.equal(stdout, "through node 0\n");
    await client.vms.delete(vm.hostname);
    assert.deepEqual(await host.hostnames(), []);
  });
});

async function received(socket: net.Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let count = 0;
  const stream: AsyncIterable<Buffer> = socket;
  for await (const part of stream) {
    parts.push(part);
    count += part.length;
    if (count >= bytes) break;
  }
  return Buffer.concat(parts);
}

/** Scripts of npm put the checkout's Node first. */
function withoutOurs(searchPath: string = ""): string {
  const folders = searchPath.split(path.delimiter);
  return folders.filter((folder) => !folder.includes("node_modules")).join(path.delimiter);
}

/** The verbs on VMs, as a process against a host. */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";

import { FakeHost } from "@alcove/sdk/testing/fake-host.ts";

import { SpawnedCli, alcove } from "./testing/spawned-cli.ts";
import { withHost } from "./testing/with-host.ts";

describe("alcove verbs", { timeout: 180_000, concurrency: 2 }, () => {
  test("a friendly name is found wherever a VM is named, and nowhere else asked for", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-2").tags = ["name=db"];
      assert.equal((await run("vm pause db")).stdout, "vm-2 paused\n");
      assert.equal(host.vms.get("vm-2")?.status, "Paused");
      assert.equal((await run("cp - db:/f", { stdin: "x" })).exitCode, 0);
      assert.equal((await run("vm delete db")).stdout, "vm-2 deleted\n");
      assert.equal((await run("vm health none")).exitCode, 5);
      const asked = host.seen.length;
      await run("vm health vm-1");
      assert.equal(host.seen.length, asked + 1);
    });
  });

  test("launch: what the VM may see and reach, and a name, are said in the API's words", async () => {
    await withHost(async (run, host) => {
      const all =
        "vm launch sbox -n web --tag t --secret a --secrets b,c --allow 10.0.0.0/8 --no-drop --ip 10.1.1.1 --import-user me --gpus 0";
      assert.equal((await run(all)).stdout, "sbox-1\n");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), {
        gpu_count: 0,
        import_user: "me",
        tags: ["name=web", "t"],
        secrets: ["a", "b", "c"],
        network: { allow: ["10.0.0.0/8"], drop: [] },
        ip: "10.1.1.1",
      });
      await run("vm launch sbox --no-secrets");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), { secrets: [] });
      await run("vm add sbox");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), {});
    });
  });

  test("several VMs are deleted at once; what fails does not keep the others", async () => {
    await withHost(async (run, host) => {
      for (const name of ["vm-2", "vm-3", "vm-4"]) host.addVm(name);
      const some = await run("vm delete vm-2 vm-9 vm-3");
      assert.deepEqual([some.exitCode, some.stdout], [5, "vm-2 deleted\nvm-3 deleted\n"]);
      assert.match(some.stderr, /no VM called vm-9/);
      assert.equal((await run("vm delete vm-4 sbox")).stdout, "vm-4 deleted\n");
      const json: unknown = JSON.parse((await run("vm delete vm-1 --json")).stdout);
      assert.partialDeepStrictEqual(json, { disk_removed: "true" });
    });
  });

  test("suspend, restore, ready and describe", async () => {
    await withHost(async (run, host) => {
      assert.equal((await run("vm suspend vm-1")).stdout, "vm-1 suspended\n");
      assert.equal((await run("vm restore vm-1 --wait agent --timeout 5s")).exitCode, 0);
      assert.equal(host.seen.at(-1)?.query.toString(), "wait=agent&timeout=5000ms");
      host.healthAfter = 2;
      assert.equal((await run("vm ready vm-1 --interval 10ms")).stdout, "vm-1 ready\n");
      host.healthAfter = 1e9;
      const late = await run("vm ready vm-1 --timeout 100ms --interval 10ms");
      assert.equal(late.exitCode, 7);
      assert.match(late.stderr, /is not ready after 100 ms: .*does not answer/);
      const described = (await run("vm describe vm-1")).stdout;
      assert.match(described, /^status +Running$/m);
      assert.match(described, /^network +user$/m);
      assert.match(described, /^disk +from image \S+, storage \S+/m);
      assert.equal((await run("vm info vm-9")).exitCode, 5);
    });
  });

  test("ready does not wait for a VM that does not run: it says how to let it", async () => {
    await withHost(async (run, host) => {
      const vm = host.addVm("vm-2");
      for (const [status, verb] of [
        ["Stopped", "relaunch"],
        ["Paused", "resume"],
        ["Suspended", "restore"],
      ] as const) {
        vm.status = status;
        const { exitCode, stderr } = await run("vm ready vm-2");
        assert.equal(exitCode, 6, stderr);
        assert.ok(stderr.includes(`vm-2 is ${status.toLowerCase()}`), stderr);
        assert.ok(stderr.includes(`alcove vm ${verb} vm-2`), stderr);
      }
    });
  });

  test("top prints once without a terminal: figures, or dashes and the reason", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-2").status = "Paused";
      const { stdout } = await run("vm top");
      assert.match(stdout, /^HOSTNAME +CPUS +LOAD +MEMORY .*STATUS\n/);
      assert.match(stdout, /^vm-1 +1 +0\.50 0\.25 +256MiB\/1GiB 25% .*6m53s +Running$/m);
      assert.match(stdout, /^vm-2 +- .* vm-2 is Paused$/m);
      const json: unknown = JSON.parse((await run("top vm-1 --json")).stdout);
      assert.partialDeepStrictEqual(json, [{ hostname: "vm-1", snapshot: { totalCpus: 1 } }]);
    });
  });

  test("a list says why a VM does not run; what a guest wrote is made harmless", async () => {
    await withHost(async (run, host) => {
      Object.assign(host.addVm("vm-2"), {
        status: "Stopped",
        status_reason: "it\u001b[2J crashed",
      });
      assert.match((await run("ls")).stdout, /Stopped \(it\[2J crashed\)/);
      assert.match((await run("vm group")).stdout, /^sbox +2GiB +2 +0$/m);
    });
  });

  test("forward listens until it is stopped, and says where", async () => {
    await using host = await FakeHost.open();
    host.addVm("vm-1");
    const server = net.createServer((socket) => socket.end("from the guest"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address);
    const upstream = `127.0.0.1:${address.port}`;
    const spec = `127.0.0.1:0:${upstream}`;
    const cli = new SpawnedCli(["forward", "vm-1", "-L", spec, "--url", host.url]);
    const [line]: unknown[] = await once(cli.process.stdout, "data");
    const [, port, what] = /^127\.0\.0\.1:(\d+) -> (.*)\n$/.exec(String(line)) ?? [];
    assert.equal(what, upstream);
    assert.equal(await text(net.connect(Number(port), "127.0.0.1")), "from the guest");
    cli.process.kill("SIGINT");
    assert.equal((await cli.ended).exitCode, 130);
    server.close();
    const wrong = await alcove(["vm", "forward", "vm-1", "80", "--url", host.url]);
    assert.equal(wrong.exitCode, 2);
    const gone = await alcove(["vm", "forward", "vm-9", "-L", spec, "--url", host.url]);
    assert.equal(gone.exitCode, 5);
  });

  test("a server that is no daemon is called that", async () => {
    const server = net.createServer((socket) => {
      socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n<h1>Hi</h");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address);
    const end = await alcove(["ls", "--url", `http://127.0.0.1:${address.port}`]);
    assert.equal(end.exitCode, 5);
    assert.match(end.stderr, /it is no Alcove daemon/);
    assert.match(end.stderr, /--url/);
    server.close();
  });
});

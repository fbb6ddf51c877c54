/** The verbs on VMs and secrets, as a process against a host. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { FakeHost, type FakeHostOptions } from "@alcove/sdk/testing/fake-host.ts";

import { type CliEnd, type CliOptions, SpawnedCli, alcove } from "./testing/spawned-cli.ts";

/** What bash, with our script, makes of a line that ends at the cursor. */
async function completedByBash(words: readonly string[], url: string): Promise<string> {
  const script = path.join(import.meta.dirname, "../bin/alcove");
  const program = `
    source <("$1" completion bash)
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _alcove "$1"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: process.env["PATH"], ALCOVE_URL: url };
  const { stdout } = await promisify(execFile)("bash", ["-c", program, "bash", script, ...words], {
    env,
  });
  return stdout;
}

type Run = (args: string, options?: CliOptions) => Promise<CliEnd>;

async function withHost(
  story: (run: Run, host: FakeHost) => Promise<void>,
  options: FakeHostOptions = {},
): Promise<void> {
  await using host = await FakeHost.open(options);
  host.addVm("vm-1");
  const env = { ALCOVE_URL: host.url };
  await story((args, more = {}) => alcove(args.split(" "), { env, ...more }), host);
}

describe("alcove verbs", { timeout: 60_000, concurrency: 4 }, () => {
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
      assert.match(late.stderr, /does not answer/);
      const described = (await run("vm describe vm-1")).stdout;
      assert.match(described, /^status +Running$/m);
      assert.match(described, /^network +user$/m);
      assert.equal((await run("vm info vm-9")).exitCode, 5);
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

  test("background commands: started, listed, read, waited for with their status, removed", async () => {
    await withHost(async (run, host) => {
      const script = "echo out; echo err >&2; exit 3";
      const words = ["vm", "bg", "exec", "vm-1", "--ring-bytes", "64K", "--", "sh", "-c", script];
      const started = await alcove(words, { env: { ALCOVE_URL: host.url } });
      const id = started.stdout.trim();
      assert.match(id, /^ex_/, started.stderr);
      assert.equal(host.seen.at(-1)?.query.get("ring_bytes"), "65536");
      const logs = await run(`bg logs vm-1 ${id} --follow`);
      assert.deepEqual([logs.stdout, logs.stderr, logs.exitCode], ["out\n", "err\n", 0]);
      assert.equal((await run(`bg wait vm-1 ${id}`)).exitCode, 3);
      assert.match((await run("bg list vm-1")).stdout, /exited 3 .* sh -c echo out/);
      const long = (await run("bg exec vm-1 -c sleep -a 60")).stdout.trim();
      assert.equal((await run(`bg wait vm-1 ${long} --timeout 1s`)).exitCode, 7);
      assert.equal((await run(`bg kill vm-1 ${long} --signal KILL`)).exitCode, 0);
      assert.equal((await run(`bg wait vm-1 ${long}`)).exitCode, 137);
      assert.equal((await run(`bg remove vm-1 ${long}`)).exitCode, 0);
      assert.equal((await run(`bg info vm-1 ${long}`)).exitCode, 5);
      assert.equal((await run("bg exec vm-1")).exitCode, 2);
    });
  });

  test("files of a guest: made, listed, watched, removed", async () => {
    await withHost(async (run, host) => {
      host.files.set("/d/f", Buffer.from("abc"));
      assert.equal((await run("vm fs mkdir -p vm-1:/d")).exitCode, 0);
      assert.match((await run("vm fs ls vm-1:/d")).stdout, /^0644 +file +3 .* f$/m);
      assert.equal((await run("vm fs stat vm-1:/none")).exitCode, 5);
      const event = { timestamp: "2026-01-02T03:04:05Z", size: 3, isDir: false };
      host.guestFiles.events.push({ type: "write", path: "/d/\u001bf", ...event });
      assert.equal((await run("vm fs watch vm-1:/d -r")).stdout, "write /d/f\n");
      assert.equal((await run("vm fs rm vm-1:/d")).exitCode, 2);
      assert.equal((await run("vm fs rm -r vm-1:/d")).exitCode, 0);
      assert.equal((await run("vm fs ls /d")).exitCode, 2);
    });
  });

  test("secrets: content from a file or a pipe, never shown; what exists and what does not", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "alcove-secret-"));
    await writeFile(path.join(dir, "key"), "from a file\n");
    await withHost(async (run, host) => {
      assert.equal((await run(`secret create a --from-file ${dir}/key --uid 5`)).exitCode, 0);
      assert.equal(host.secrets.all.get("a")?.data.toString(), "from a file\n");
      assert.equal((await run("secret create b", { stdin: "piped" })).stdout, "b created\n");
      assert.equal(host.secrets.all.get("b")?.data.toString(), "piped");
      const again = await run("secret create a --from-literal x");
      assert.equal(again.exitCode, 6);
      assert.match(again.stderr, /alcove secret update a/);
      assert.equal((await run("secret update a --gid 7")).exitCode, 0);
      assert.equal(host.secrets.all.get("a")?.data.toString(), "from a file\n");
      const { stdout } = await run("secret list -v");
      assert.match(stdout, /^a +12 +0600 +5 +7 /m);
      assert.doesNotMatch(stdout + (await run("secret list --json")).stdout, /from a file|piped/);
      assert.equal((await run("secret remove a b")).stdout, "a removed\nb removed\n");
      assert.equal((await run("secret rm a")).exitCode, 5);
      assert.equal((await run("secret create c --from-file /nonexistent")).exitCode, 2);
    });
    await rm(dir, { recursive: true });
  });

  test("cp leaves out what the directory's ignore files name, unless told otherwise", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "alcove-ignore-"));
    await mkdir(path.join(dir, "app/build"), { recursive: true });
    for (const name of ["keep", "build/keep", "a.log", "build/b.log", "only", "build/only"]) {
      await writeFile(path.join(dir, "app", name), name);
    }
    await writeFile(path.join(dir, "app/.slicerignore"), "# logs\n*.log\n\n/only\n");
    await withHost(async (run, host) => {
      assert.equal((await run(`cp ${dir}/app vm-1:/app`)).stderr, "");
      await run(`cp vm-1:/app ${dir}/out`);
      assert.equal(await readFile(path.join(dir, "out/build/only"), "utf8"), "build/only");
      for (const name of ["a.log", "build/b.log", "only"]) {
        await assert.rejects(readFile(path.join(dir, "out", name)), { code: "ENOENT" });
      }
      await run(`cp ${dir}/app vm-1:/all --no-ignore-files`);
      assert.ok(host.files.get("/all")?.includes("b.log"));
      await writeFile(path.join(dir, "app/.alcoveignore"), "x\n!y\n");
      const refused = await run(`cp ${dir}/app vm-1:/app`);
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr, /\.alcoveignore:2: /);
    });
    await rm(dir, { recursive: true });
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

  test("completion offers verbs, flags and the names of VMs that are there", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-2").tags = ["name=db"];
      const words = (line: string): Promise<CliEnd> => run(`__complete -- ${line}`);
      assert.match((await words("vm sus")).stdout, /^suspend\t/);
      assert.equal((await words("vm health v")).stdout, "vm-1\tRunning\nvm-2\tRunning\n");
      assert.equal((await words("vm health d")).stdout, "db\tvm-2, Running\n");
      assert.match((await words("cp v")).stdout, /^vm-1:\t/);
      assert.match((await words("vm launch --ra")).stdout, /--ram-mb\t/);
      assert.equal((await words("vm exec vm-1 -- ")).stdout, "");
      assert.equal(await completedByBash(["vm", "tag", "add", "vm"], host.url), "vm-1\nvm-2\n");
      assert.equal(await completedByBash(["cp", "d"], host.url), "db:\n");
      assert.deepEqual(
        await alcove(["__complete", "--", "vm", "health", ""], {
          env: { ALCOVE_URL: "http://127.0.0.1:1" },
        }),
        { exitCode: 0, stdout: "", stderr: "" },
      );
    });
    for (const shell of ["bash", "zsh", "fish"]) {
      assert.match((await alcove(["completion", shell])).stdout, /__complete/);
    }
  });
});

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { FakeHost, type FakeHostOptions } from "@alcove/sdk/testing/fake-host.ts";

import { type CliEnd, type CliOptions, alcove } from "./testing/spawned-cli.ts";

type Run = (args: string, options?: CliOptions) => Promise<CliEnd>;

async function withHost(
  story: (run: Run, host: FakeHost) => Promise<void>,
  options: FakeHostOptions = {},
): Promise<void> {
  await using host = await FakeHost.open(options);
  const env = { ALCOVE_URL: host.url, ALCOVE_TOKEN: options.token ?? "x" };
  await story((args, more = {}) => alcove(args.split(" "), { env, ...more }), host);
}

describe("alcove", { timeout: 180_000, concurrency: 2 }, () => {
  test("launch, list and delete, for people and for programs", async () => {
    await withHost(async (run, host) => {
      const launched = await run(
        "vm launch sbox --tag a --cpus 1 --ram-mb 512 --persistent --wait",
      );
      assert.deepEqual(launched, { exitCode: 0, stdout: "sbox-1\n", stderr: "" });
      assert.equal(host.seen[0]?.query.toString(), "wait=agent");
      assert.deepEqual(JSON.parse(host.seen[0].body.toString()), {
        cpus: 1,
        ram_bytes: 512 * 1024 * 1024,
        tags: ["a"],
        persistent: true,
      });
      const list = await run("ls");
      assert.match(
        list.stdout,
        /^HOSTNAME +IP +RAM +CPUS +STATUS +CREATED +TAGS\nsbox-1 +10\.0\.0\.9 +1GiB +1 +Running +.* ago +a\n$/,
      );
      const listed: unknown = JSON.parse((await run("vm list --json")).stdout);
      assert.partialDeepStrictEqual(listed, [{ hostname: "sbox-1", tags: ["a"] }]);
      assert.equal((await run("vm delete sbox-1")).exitCode, 0);
      const again = await run("vm delete sbox-1");
      assert.equal(again.exitCode, 5);
      assert.match(again.stderr, /no VM called sbox-1/);
    });
  });

  test("tags are listed and changed, also with the connection before the verb", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      assert.equal((await run("vm tag add vm-1 --tag a --tag b")).stdout, "a\nb\n");
      assert.equal((await run("vm tag remove vm-1 --tag a")).stdout, "b\n");
      const list = await run(`--url ${host.url} vm tag list vm-1 --json`, { env: {} });
      assert.deepEqual(JSON.parse(list.stdout), { hostname: "vm-1", tags: ["b"] });
      assert.equal((await run("vm tag replace vm-1 --tag c")).stdout, "c\n");
      assert.equal((await run("vm tag replace vm-1")).stdout, "");
      assert.equal((await run("vm tag add vm-1")).exitCode, 2);
      assert.equal((await run("vm tag list vm-9")).exitCode, 5);
    });
  });

  test("relaunch says so, under both of its names", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-1").status = "Stopped";
      assert.equal((await run("vm relaunch vm-1")).stdout, "vm-1 relaunched\n");
      assert.equal(host.vms.get("vm-1")?.status, "Running");
      assert.equal((await run("relaunch vm-1")).exitCode, 0);
      assert.equal((await run("relaunch vm-9")).exitCode, 5);
      host.healthAfter = 2;
      assert.equal((await run("relaunch vm-1 --wait")).stdout, "vm-1 relaunched\n");
      assert.equal(host.healthAfter, -1);
      host.healthAfter = 1e9;
      assert.equal((await run("relaunch vm-1 --wait --timeout 50ms")).exitCode, 7);
    });
  });

  test("a stopped VM is committed, and forked by the commit's id", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      assert.equal((await run("vm commit vm-1")).exitCode, 6);
      host.addVm("vm-1").status = "Stopped";
      const flags = "--cache-key k --tag a --tag b --label by=me";
      assert.equal((await run(`vm commit vm-1 ${flags}`)).stdout, "cmt-1\n");
      assert.equal((await run("vm commit vm-1 --label nothing")).exitCode, 2);
      const shown = (await run("vm commit list --tag a")).stdout;
      assert.match(shown, /^COMMIT +SOURCE +AGE +CACHE KEY +TAGS\ncmt-1 +vm-1 .* ago +k +a,b\n$/);
      const listed: unknown = JSON.parse((await run("vm commit list --source vm-1 --json")).stdout);
      assert.partialDeepStrictEqual(listed, [{ commit_id: "cmt-1", labels: { by: "me" } }]);

      const how =
        "--cpus 2 --ram-mb 512 --name db --tag x --no-secrets --no-allow --drop 10.0.0.0/8";
      const fork = await run(`vm fork cmt-1 ${how} --no-persistent --fixup machine-id --wait`);
      assert.equal(fork.stdout, "sbox-7\n");
      assert.equal(host.seen.at(-1)?.query.toString(), "wait=agent");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), {
        vcpu: 2,
        ram_bytes: 512 * 2 ** 20,
        tags: ["name=db", "x"],
        secrets: [],
        network: { allow: [], drop: ["10.0.0.0/8"] },
        persistent: false,
        fixups: ["machine-id"],
      });
      await run("vm fork cmt-1 --no-fixups --replace-tags");
      const spec = { fixups: [], tag_mode: "replace" };
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), spec);
      assert.equal((await run("vm fork cmt-9")).exitCode, 5);
      assert.equal((await run("vm commit delete cmt-1")).stdout, "cmt-1 deleted\n");
      assert.equal((await run("vm commit delete cmt-1")).exitCode, 5);
    });
  });

  test("a VM that runs is forked by its name, into as many children as asked for", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      const fork = await run(
        "vm fork vm-1 --count 2 --tag x --replace-tags --secret a --wait none",
      );
      assert.equal(fork.stdout, "vm-1-child-1\nvm-1-child-2\n");
      assert.match(fork.stderr, /vm-1 stood still for 13 ms/);
      assert.equal(host.seen.at(-1)?.path, "/v1/vms/vm-1/fork");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), {
        count: 2,
        tags: ["x"],
        tag_mode: "replace",
        secrets: ["a"],
        wait: "none",
      });
      const shown: unknown = JSON.parse((await run("vm fork vm-1 --persistent --json")).stdout);
      assert.partialDeepStrictEqual(shown, {
        source: "vm-1",
        children: [{ hostname: "vm-1-child-1", persistent: true }],
      });
      assert.equal((await run("vm fork vm-1 --cpus 2")).exitCode, 2);
      assert.equal((await run("vm fork vm-1 --no-fixups")).exitCode, 2);
      assert.equal((await run("vm fork vm-1 --count 2 --name web")).exitCode, 2);
      assert.equal((await run("vm fork cmt-1 --count 2")).exitCode, 2);
      assert.equal((await run("vm fork vm-9")).exitCode, 5);
    });
  });

  test("exec passes input, output and the exit status on", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      const stdin = randomBytes(300_000);
      const cat = await run("vm exec vm-1 -- cat", { stdin });
      assert.equal(cat.exitCode, 0);
      assert.ok(Buffer.from(cat.stdout, "latin1").equals(stdin));
      assert.equal((await run("vm exec --env A=5 vm-1 -- false")).exitCode, 1);
      const missing = await run("vm exec vm-1 -- no-such-program-here");
      assert.equal(missing.exitCode, 127);
      assert.match(missing.stderr, /no-such-program-here/);
      assert.equal((await run("vm exec vm-9 -- true")).exitCode, 125);
      const noDashes = await run("vm exec vm-1 ls -la /");
      assert.equal(noDashes.exitCode, 2);
      assert.match(noDashes.stderr, /unknown option '-la'\n.*write -- before the command/);
      for (const line of ["vm exec vm-1 --env A -- env", "run --env A -- env"]) {
        const wrong = await run(line);
        assert.deepEqual([wrong.exitCode, wrong.stdout], [2, ""], line);
        assert.match(wrong.stderr, /NAME=VALUE/);
      }
    });
  });

  test("logs, health, info, pause and the rest answer", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      assert.match((await run("logs vm-1")).stdout, /^boot\n/);
      assert.match((await run("vm health vm-1")).stdout, /agent +1, up 5\.0s/);
      assert.match((await run("info")).stdout, /alcoved 9\.9 \(abc\) on linux\/amd64/);
      assert.equal((await run("vm pause vm-1")).stdout, "vm-1 paused\n");
      assert.equal(host.vms.get("vm-1")?.status, "Paused");
      assert.equal((await run("vm shutdown vm-1 --action reboot --json")).exitCode, 0);
      assert.equal(host.seen.at(-1)?.query.toString(), "action=reboot");
      assert.match((await run("version")).stdout, /alcoved +9\.9/);
    });
  });

  test("shell passes piped input and ends with it", async () => {
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      const shell = await run("shell vm-1", { stdin: "echo hi\n" });
      assert.deepEqual(shell, { exitCode: 0, stdout: "80x24\r\necho hi\n\u0004", stderr: "" });
    });
  });

  test("cp: a file in and out, with its mode, under the right name", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "alcove-cp-"));
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      const content = randomBytes(1_000_000);
      await writeFile(path.join(dir, "in"), content, { mode: 0o750 });
      assert.equal((await run(`cp ${dir}/in vm-1:/tmp/f`)).stderr, "");
      assert.equal(
        host.seen[0]?.query.toString(),
        "path=%2Ftmp%2Ff&permissions=0750&mode=cp-v1-binary&copy_semantics=cp-v1&source_name=in&source_type=file",
      );
      assert.equal((await run(`cp vm-1:/tmp/f ${dir}/`)).exitCode, 0);
      assert.ok((await readFile(path.join(dir, "f"))).equals(content));
      assert.equal((await stat(path.join(dir, "f"))).mode & 0o777, 0o640);
      const out = await run("cp vm-1:/tmp/f -");
      assert.ok(Buffer.from(out.stdout, "latin1").equals(content));
      assert.equal((await run("cp - vm-1:/tmp/g", { stdin: "hello" })).exitCode, 0);
      assert.equal(host.files.get("/tmp/g")?.toString(), "hello");
      assert.equal((await run(`cp vm-1:/none ${dir}/x`)).exitCode, 5);
      assert.equal((await run(`cp ${dir}/in ${dir}/out`)).exitCode, 2);
    });
    await rm(dir, { recursive: true });
  });

  test("cp: a directory in and out, whole or not at all", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "alcove-cp-"));
    await withHost(async (run, host) => {
      host.addVm("vm-1");
      await mkdir(path.join(dir, "proj", "sub"), { recursive: true });
      await writeFile(path.join(dir, "proj", "sub", "a"), "A");
      await writeFile(path.join(dir, "proj", "skip.log"), "x");
      assert.equal((await run(`cp -r ${dir}/proj vm-1:/srv/proj --exclude *.log`)).stderr, "");
      assert.equal((await run(`cp vm-1:/srv/proj ${dir}/copy`)).stderr, "");
      assert.equal(await readFile(path.join(dir, "copy", "sub", "a"), "utf8"), "A");
      await assert.rejects(stat(path.join(dir, "copy", "skip.log")));
      const whole = host.files.get("/srv/proj") ?? Buffer.alloc(0);
      host.files.set("/srv/proj", whole.subarray(0, 700));
      assert.equal((await run(`cp vm-1:/srv/proj ${dir}/half`)).exitCode, 1);
      await assert.rejects(stat(path.join(dir, "half")));
    });
    await rm(dir, { recursive: true });
  });

  test("a wrong token, several groups and wrong words are told apart", async () => {
    await withHost(
      async (run) => {
        const wrong = await run("ls --token bad");
        assert.equal(wrong.exitCode, 4);
        assert.match(wrong.stderr, /--token-file/);
        const json = await run("ls --json --token bad");
        const failure: unknown = JSON.parse(json.stderr);
        assert.partialDeepStrictEqual(failure, {
          error: "A token is needed",
          code: "unauthenticated",
        });
        const groups = await run("vm launch");
        assert.equal(groups.exitCode, 2);
        assert.match(groups.stderr, /name one of: a, b/);
        for (const args of [
          "vm launch --ram-gb 1 --ram-mb 2",
          "vm exec vm-1",
          "vm launch --timeout soon a",
        ]) {
          assert.equal((await run(args)).exitCode, 2, args);
        }
      },
      { token: "good", groups: ["a", "b"] },
    );
    const nobody = await alcove(["ls", "--url", "/nonexistent/api.sock"]);
    assert.equal(nobody.exitCode, 3);
    assert.match(nobody.stderr, /alcove up/);
  });

  test("help is given, and nothing else is done", async () => {
    for (const args of [
      ["up", "--help"],
      ["image", "build", "--help"],
      ["vm", "launch", "--help"],
    ]) {
      const help = await alcove(args);
      assert.deepEqual([help.exitCode, help.stderr], [0, ""]);
      assert.match(help.stdout, /^Usage: alcove/);
    }
    assert.equal((await alcove(["up", "one.yaml", "two.yaml"])).exitCode, 2);
  });
});

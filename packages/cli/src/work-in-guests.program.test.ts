/** Background commands, files, secrets and completion, as a process against a host. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { type CliEnd, alcove } from "./testing/spawned-cli.ts";
import { withHost } from "./testing/with-host.ts";

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

describe("alcove in guests", { timeout: 180_000, concurrency: 2 }, () => {
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
      const full = await run("vm fs rm vm-1:/d");
      assert.equal(full.exitCode, 2);
      assert.match(full.stderr, /not empty\n.*-r /);
      const orphan = await run("vm fs mkdir vm-1:/none/e");
      assert.equal(orphan.exitCode, 5);
      assert.match(orphan.stderr, /-p /);
      assert.doesNotMatch((await run("vm fs mkdir vm-9:/none/e")).stderr, /-p /);
      assert.equal((await run("vm fs rm -r vm-1:/d")).exitCode, 0);
      assert.equal((await run("vm fs ls /d")).exitCode, 2);
    });
  });

  test("secrets: content from a file or a pipe, never shown; what exists and what does not", async () => {
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "alcove-secret-"));
    const dir = folder.path;
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
      assert.match((await run("secret list")).stdout, /^a +12 +0600 +5:7 .* ago$/m);
      assert.doesNotMatch(stdout + (await run("secret list --json")).stdout, /from a file|piped/);
      assert.equal((await run("secret remove a b")).stdout, "a removed\nb removed\n");
      assert.equal((await run("secret rm a")).exitCode, 5);
      assert.equal((await run("secret create c --from-file /nonexistent")).exitCode, 2);
    });
  });

  test("cp leaves out what the directory's ignore files name, unless told otherwise", async () => {
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "alcove-ignore-"));
    const dir = folder.path;
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

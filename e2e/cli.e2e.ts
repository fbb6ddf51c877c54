/** The `alcove` command of this checkout against a real host, as people run it. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

import { ROOT } from "./harness/can-run.ts";
import { HostDirs } from "./harness/host-dirs.ts";
import { asObject, asObjects, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { inTime, until } from "./harness/until.ts";

const COMMAND_MS = 120_000;
const MEGABYTE = 1_000_000;

suite("cli", {}, (host, story) => {
  const start = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    spawn(path.join(ROOT, "bin/alcove"), args, {
      env: {
        PATH: process.env["PATH"],
        HOME: "/nonexistent",
        ALCOVE_STATE_DIR: host.dirs.state,
        ALCOVE_RUNTIME_DIR: host.dirs.runtime,
        ...more,
      },
      stdio: ["pipe", "pipe", "pipe"],
      cwd: ROOT,
    });

  async function alcove(args: readonly string[], stdin?: Readable, more: NodeJS.ProcessEnv = {}) {
    const child = start(args, more);
    const fed = stdin ? pipeline(stdin, child.stdin) : Promise.resolve(child.stdin.end());
    fed.catch(() => {}); // it may end before it has read everything
    const all = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    const [stdout, stderr, [code]] = await inTime(`alcove ${args.join(" ")}`, all, COMMAND_MS);
    return { stdout, stderr, code: Number(code) };
  }

  story("run: 100 MB of standard input are counted in the guest, and the VM is gone", async () => {
    const block = Buffer.alloc(MEGABYTE, "0123456789");
    const stdin = Readable.from(
      Array.from({ length: 100 }, () => block),
      { objectMode: false },
    );
    const { stdout, stderr, code } = await alcove(
      ["run", "--", "sh", "-c", "cat > /tmp/x; wc -c < /tmp/x"],
      stdin,
    );
    assert.deepEqual([stdout.trim(), code], [String(100 * MEGABYTE), 0], stderr);
    assert.deepEqual(await host.hostnames(), []);
  });

  story("run: the guest's exit code is the command's", async () => {
    const { stdout, stderr, code } = await alcove([
      "run",
      "--",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 7",
    ]);
    assert.deepEqual([stdout, code], ["out\n", 7]);
    assert.match(stderr, /^err$/m);
    assert.deepEqual(await host.hostnames(), []);
  });

  story("run: Ctrl-C ends the command and removes the VM", async () => {
    const child = start(["run", "--", "sh", "-c", "echo up; sleep 4900"]);
    const ended = once(child, "close");
    const [first]: unknown[] = await inTime(
      "the command's first words",
      once(child.stdout, "data"),
      COMMAND_MS,
    );
    assert.equal(String(first), "up\n");
    child.kill("SIGINT");
    const [code] = await inTime("the end", ended);
    assert.equal(code, 130);
    assert.deepEqual(await host.hostnames(), []);
    assert.deepEqual(host.dirs.vmDirs(), []);
  });

  story("run: Ctrl-C in the middle of the launch leaves no VM", async () => {
    const child = start(["run", "--", "true"]);
    const ended = once(child, "close");
    await until("the VM is there", async () => (await host.hostnames()).length === 1);
    child.kill("SIGINT");
    const [code] = await inTime("the end", ended);
    assert.equal(code, 130);
    await until("the VM is gone", async () => (await host.hostnames()).length === 0);
  });

  story("vm launch --json, exec, cp of a tree and back, list, delete", async () => {
    const launched = await alcove(["vm", "launch", "--wait", "--json", "--tag", "cli"]);
    assert.equal(launched.code, 0, launched.stderr);
    const hostname = textIn(JSON.parse(launched.stdout), "hostname");
    const run = (...words: string[]) => alcove(["vm", "exec", hostname, "--", ...words]);
    assert.deepEqual((await run("sh", "-c", "exit 42")).code, 42);
    assert.equal((await run("no-such-command", "x")).code, 127);
    assert.equal((await run("hostname")).stdout, `${hostname}\n`);
    assert.equal((await alcove(["vm", "exec", "sbox-99", "--", "true"])).code, 125);

    const here = path.join(host.dirs.scratch, "tree");
    mkdirSync(path.join(here, "sub"), { recursive: true });
    writeFileSync(path.join(here, "run me.sh"), "#!/bin/sh\necho ran\n");
    writeFileSync(path.join(here, "sub/data"), Buffer.alloc(300_000, 7));
    chmodSync(path.join(here, "run me.sh"), 0o755);
    chmodSync(path.join(here, "sub/data"), 0o600);
    for (const name of ["run me.sh", "sub/data"]) utimesSync(path.join(here, name), 1e9, 1e9);
    assert.equal((await alcove(["vm", "cp", here, `${hostname}:/srv/tree`])).code, 0);
    assert.equal((await run("/srv/tree/run me.sh", "x")).stdout, "ran\n");
    const back = path.join(host.dirs.scratch, "back");
    assert.equal((await alcove(["vm", "cp", `${hostname}:/srv/tree`, back])).code, 0);
    for (const name of ["run me.sh", "sub/data"]) {
      assert.deepEqual(factsOf(path.join(back, name)), factsOf(path.join(here, name)));
    }

    const listed = asObjects(JSON.parse((await alcove(["vm", "list", "--json"])).stdout));
    assert.deepEqual(
      listed.map((node) => node["hostname"]),
      [hostname],
    );
    assert.equal((await alcove(["vm", "delete", hostname])).code, 0);
    assert.deepEqual(await host.hostnames(), []);
    const missing = await alcove(["vm", "delete", hostname, "--json"]);
    assert.equal(missing.code, 5, missing.stderr);
  });

  story("one VM by its friendly name: exec, files, background, top, describe, tags", async () => {
    const launched = await alcove(["vm", "launch", "-n", "web", "--tag", "t", "--wait"]);
    assert.equal(launched.code, 0, launched.stderr);
    const hostname = launched.stdout.trim();
    const good = async (...words: string[]): Promise<string> => {
      const { stdout, stderr, code } = await alcove(words);
      assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
      return stdout;
    };
    assert.equal(await good("vm", "exec", "web", "--", "hostname"), `${hostname}\n`);
    assert.match(await good("vm", "ready", "web", "--userdata"), /ready/);
    await good("vm", "fs", "mkdir", "-p", "web:/tmp/a/b");
    assert.match(await good("vm", "fs", "ls", "web:/tmp/a"), /directory .* b$/m);
    const advised = async (advice: RegExp, ...words: string[]): Promise<void> =>
      assert.match((await alcove(words)).stderr, advice);
    await advised(/not empty\n.*-r /, "vm", "fs", "rm", "web:/tmp/a");
    await advised(/\n.*-p /, "vm", "fs", "mkdir", "web:/tmp/none/b");
    const id = (
      await good("vm", "bg", "exec", "web", "-s", "/bin/sh", "-c", "echo out; exit 3")
    ).trim();
    assert.equal(await good("vm", "bg", "logs", "web", id, "-f"), "out\n");
    assert.equal((await alcove(["vm", "bg", "wait", "web", id])).code, 3);
    assert.match(await good("vm", "bg", "list", "web"), /exited 3/);
    await good("vm", "bg", "remove", "web", id);
    assert.match(
      await good("vm", "top", "--once"),
      new RegExp(`^${hostname} +1 +.*MiB .*Running$`, "m"),
    );
    assert.match(await good("vm", "describe", "web"), /^tags +name=web, t$/m);
    assert.equal(await good("vm", "tag", "replace", "web"), "name=web\n");
    assert.equal(
      await good("__complete", "--", "vm", "shell", "we"),
      `web\t${hostname}, Running\n`,
    );
    assert.match(await good("vm", "suspend", "web"), /suspended/);
    assert.match(await good("ls"), /Suspended/);
    await advised(/alcove vm restore/, "vm", "exec", "web", "--", "true");
    assert.equal((await alcove(["vm", "ready", "web"])).code, 6);
    await good("vm", "restore", "web", "--wait");
    const wrong = await alcove(["vm", "launch", "--ram-gb", "64"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--ram-mb/);
  });

  story("forward: a port of the guest is reachable here until the command ends", async () => {
    const [hostname = ""] = await host.hostnames();
    const script = `use IO::Socket::INET;
      my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 81, Listen => 5);
      while (my $c = $l->accept) { print $c "from the guest\\n"; close $c }`;
    const words = ["vm", "bg", "exec", hostname, "--uid", "0", "--", "perl", "-e", script];
    assert.equal((await alcove(words)).code, 0);
    const child = start(["vm", "forward", "web", "-L", "127.0.0.1:0:127.0.0.1:81"]);
    const ended = once(child, "close");
    const [line]: unknown[] = await inTime("it listens", once(child.stdout, "data"), COMMAND_MS);
    const [, port] = /^127\.0\.0\.1:(\d+) -> 127\.0\.0\.1:81\n$/.exec(String(line)) ?? [];
    const answer = await until("the guest serves", async () => {
      const said = await text(net.connect(Number(port), "127.0.0.1")).catch(() => "");
      return said === "" ? undefined : said;
    });
    assert.equal(answer, "from the guest\n");
    child.kill("SIGINT");
    assert.equal((await inTime("the end", ended))[0], 130);
  });

  story("secrets: from a file and a pipe, seen by a VM that may, never shown", async () => {
    const file = path.join(host.dirs.scratch, "key");
    writeFileSync(file, "from a file");
    assert.equal((await alcove(["secret", "create", "cli-a", "--from-file", file])).code, 0);
    assert.equal((await alcove(["secret", "create", "cli-b"], Readable.from(["piped"]))).code, 0);
    const show = "cat /run/slicer/secrets/cli-a; ls /run/slicer/secrets";
    const run = await alcove(["run", "--secret", "cli-a", "--", "sh", "-c", show]);
    assert.equal(run.stdout, "from a filecli-a\n", run.stderr);
    assert.match((await alcove(["secret", "list", "-v"])).stdout, /^cli-b +5 +0600 +0 +0 /m);
    assert.equal((await alcove(["secret", "remove", "cli-a", "cli-b"])).code, 0);
    const missing = await alcove(["run", "--secret", "cli-a", "--", "true"]);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /--secret: there is no secret "cli-a"/);
  });

  story("several VMs are deleted by name, friendly or not", async () => {
    const other = (await alcove(["vm", "launch"])).stdout.trim();
    const deleted = await alcove(["vm", "delete", "web", other, "sbox-99"]);
    assert.equal(deleted.code, 5);
    assert.match(deleted.stderr, /no VM called sbox-99/);
    assert.deepEqual(await host.hostnames(), []);
  });

  story("new prints a configuration that up serves, until it is told to end", async () => {
    await using dirs = await anotherHost();
    const flags = ["--count", "0", "--cpu", "1", "--ram", "256M", "--api-bind", dirs.socket];
    const printed = await alcove(["new", "web", ...flags]);
    const file = path.join(host.dirs.scratch, "web.yaml");
    writeFileSync(file, printed.stdout);
    const child = start(["up", file], dirs.environment);
    const ended = once(child, "close");
    const log = text(child.stderr);
    await until("it serves", async () => (await alcove(["info", "--url", dirs.socket])).code === 0);
    const info = await alcove(["vm", "group", "--url", dirs.socket]);
    assert.match(info.stdout, /^web +256MiB +1 +0$/m);
    child.kill("SIGTERM");
    assert.equal((await inTime("its end", ended))[0], 0, await log);
    const wrong = path.join(host.dirs.scratch, "wrong.yaml");
    writeFileSync(wrong, printed.stdout.replace("vcpu", "vcpus"));
    const refused = await inTime("it refuses", text(start(["up", wrong], dirs.environment).stderr));
    assert.match(refused, /wrong\.yaml:\d+: .*vcpus.*vcpu/);
  });

  story("no daemon: what is wrong and what to do, and its exit code", async () => {
    const none = { ALCOVE_RUNTIME_DIR: "/nonexistent", ALCOVE_URL: "http://127.0.0.1:1" };
    const { stderr, stdout, code } = await alcove(["vm", "list"], undefined, none);
    assert.equal(code, 3);
    assert.equal(stdout, "");
    assert.match(stderr, /No Alcove daemon answers at http:\/\/127\.0\.0\.1:1/);
    assert.match(stderr, /alcove up/);
    const unnamed = await alcove(["ls"], undefined, { ALCOVE_RUNTIME_DIR: "/nonexistent" });
    assert.equal(unnamed.code, 3);
    assert.match(unnamed.stderr, /No Alcove daemon serves at \/nonexistent\/api\.sock here/);
    const wrong = {
      ALCOVE_URL: `http://127.0.0.1:${await host.daemon.port()}`,
      ALCOVE_TOKEN: "wrong",
    };
    const refused = await alcove(["info"], undefined, wrong);
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, /token/);
    assert.equal(
      asObject(JSON.parse((await alcove(["info", "--json"])).stdout))["platform"],
      "linux",
    );
  });
});

/** Directories of a second daemon, whose API is on a socket alone. */
async function anotherHost() {
  const dirs = await HostDirs.make();
  return {
    socket: path.join(dirs.runtime, "second.sock"),
    environment: {
      TMPDIR: dirs.temp,
      ALCOVE_STATE_DIR: dirs.state,
      ALCOVE_RUNTIME_DIR: dirs.runtime,
      ALCOVE_VMM_UID_BASE: String(600_000_000 + process.pid * 1000),
    },
    [Symbol.asyncDispose]: () => dirs.remove(),
  };
}

function factsOf(file: string): readonly unknown[] {
  const { mode, mtimeMs } = statSync(file);
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
  return [mode.toString(8), mtimeMs, digest];
}

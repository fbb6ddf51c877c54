/** Commands in a real guest, as raw requests: contract A13. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { before } from "node:test";

import { responseOf } from "./harness/api.ts";
import { exec, execBuffered, framesOf, sh } from "./harness/exec.ts";
import { assertTime, asObject, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { inTime, until } from "./harness/until.ts";

const MIB = 1024 * 1024;
const DEFAULT_USER = 4_294_967_295;

suite("exec", {}, (host, story) => {
  let vm = "";
  before(async () => {
    vm = await host.createVm();
  });
  const run = (query: Parameters<typeof exec>[2]) => exec(host.api, vm, query);
  const out = async (query: Parameters<typeof exec>[2]) => (await run(query)).stdout.toString();

  story("frames: started with a pid, output apart, the outcome last", async () => {
    const script = "printf out; printf err >&2; exit 42";
    const { frames, stdout, stderr, last } = await run({ cmd: "/bin/sh", args: ["-c", script] });
    const [first] = frames;
    assert.equal(first?.type, "started");
    assert.ok(Number(first.pid) > 0);
    assert.deepEqual([stdout.toString(), stderr.toString()], ["out", "err"]);
    assert.deepEqual([last.type, last.exitCode, last.error], ["exit", 42, undefined]);
    assert.ok(frames.some(({ type, stderr: text }) => type === "stderr" && text === "err"));
  });

  story(
    "argv is not interpreted again; shell is; without either a shell only when needed",
    async () => {
      const words = ["a b", "$HOME", "", "*", "'"];
      const printed = words.map((word) => `<${word}>\n`).join("");
      const argv = { cmd: "printf", args: ["<%s>\\n", ...words] };
      assert.equal(await out(argv), printed);
      assert.equal(await out({ ...argv, shell: "" }), printed);
      const positional = { cmd: 'printf "<%s>\\n"', args: words, shell: "/bin/bash" };
      assert.equal(await out(positional), printed);
      assert.equal(await out({ cmd: "echo $((40 + 2)) | tr 4 7", shell: "/bin/sh" }), "72\n");
      assert.equal(
        await out({ cmd: "echo $((40 + 2)) && echo ${BASH_VERSION:+bash}" }),
        "42\nbash\n",
      );
      assert.equal(await out({ cmd: "hostname" }), `${vm}\n`);
      assert.equal((await run({ cmd: "echo $HOME", shell: "" })).exitCode, 127);
    },
  );

  story("env adds to the user's own, later entries win, spaces and equals signs stay", async () => {
    const text = await out({
      cmd: "env",
      args: ["-u", "NOTHING"],
      env: ["A=1", "B=x y=z", "A=2", "HOME=/elsewhere", "EMPTY="],
    });
    const lines = text.split("\n");
    for (const line of ["A=2", "B=x y=z", "HOME=/elsewhere", "EMPTY=", "USER=root"]) {
      assert.ok(lines.includes(line), `${line} is missing in ${text}`);
    }
    assert.ok(!lines.includes("A=1"));
    assert.ok(lines.some((line) => line.startsWith("PATH=")));
    const refused = await host.api.post(`/vm/${vm}/exec`, { query: { cmd: "env", env: ["NOPE"] } });
    assert.equal(refused.status, 400);
  });

  story("who runs it, and where: root, a uid, the default user, cwd and ~", async () => {
    const who = { cmd: 'echo "$(id -u):$(id -g) $PWD $HOME $USER"', shell: "/bin/sh" };
    assert.equal(await out(who), "0:0 /root /root root\n");
    assert.equal(
      await out({ ...who, uid: DEFAULT_USER, gid: DEFAULT_USER }),
      "1000:1000 /home/alcove /home/alcove alcove\n",
    );
    assert.equal(await out({ ...who, uid: 1000 }), "1000:1000 /home/alcove /home/alcove alcove\n");
    assert.match(await out({ cmd: "id", args: ["-u"], uid: 4321, gid: 1234 }), /^4321\n$/);
    assert.match(await out({ cmd: "id", args: ["-g"], uid: 4321, gid: 1234 }), /^1234\n$/);
    await sh(host.api, vm, "mkdir -p /home/alcove/deep && chown 1000:1000 /home/alcove/deep");
    assert.equal(await out({ cmd: "pwd", cwd: "~/deep", uid: 1000 }), "/home/alcove/deep\n");
    assert.equal(await out({ cmd: "pwd", cwd: "~" }), "/root\n");
    assert.equal(await out({ cmd: "pwd", cwd: "/usr/bin" }), "/usr/bin\n");
    const nowhere = await run({ cmd: "pwd", cwd: "/no/such/place" });
    assert.notEqual(nowhere.exitCode, 0);
    for (const uid of ["-1", "root", "4294967296"]) {
      const refused = await host.api.post(`/vm/${vm}/exec`, { query: { cmd: "id", uid } });
      assert.equal(refused.status, 400, uid);
    }
  });

  story(
    "binary output is byte for byte what it was, in frames that decode one by one",
    async () => {
      const bytes = "perl -e 'print map { chr } (0..255) x 4096'";
      const { stdout, frames } = await run({ cmd: bytes, shell: "/bin/sh", stdio: "base64" });
      const expected = Buffer.concat(Array.from({ length: 4096 }, () => Buffer.from(allBytes())));
      assert.ok(stdout.equals(expected), `${stdout.length} bytes came`);
      for (const frame of frames.filter(({ stdout: text }) => text !== "")) {
        assert.equal(frame.encoding, "base64");
        assert.equal(Buffer.from(frame.stdout, "base64").toString("base64"), frame.stdout);
      }
      const wrong = await host.api.post(`/vm/${vm}/exec`, { query: { cmd: "id", stdio: "hex" } });
      assert.equal(wrong.status, 400);
    },
  );

  story("text is cut between characters only; invalid bytes become U+FFFD", async () => {
    const euros = "perl -e 'binmode STDOUT; $| = 1; print qq(\\xe2\\x82\\xac) x 100000'";
    const { frames, stdout } = await run({ cmd: euros, shell: "/bin/sh" });
    assert.equal(stdout.toString(), "€".repeat(100_000));
    assert.ok(frames.every((frame) => !frame.stdout.includes("\ufffd")));
    const slow = "printf '\\342'; sleep 0.2; printf '\\202'; sleep 0.2; printf '\\254'";
    const pieces = (await run({ cmd: slow, shell: "/bin/sh" })).frames.map((it) => it.stdout);
    assert.deepEqual(
      pieces.filter((text) => text !== ""),
      ["€"],
    );
    assert.equal(await out({ cmd: "printf 'a\\377b'", shell: "/bin/sh" }), "a\ufffdb");
  });

  story("ends: exit codes, signals as 128+n, a missing command 127, no program 126", async () => {
    assert.equal((await run({ cmd: "true" })).exitCode, 0);
    const killed = await run({ cmd: "kill -TERM $$", shell: "/bin/sh" });
    assert.equal(killed.exitCode, 143);
    assert.match(String(killed.last.signal), /TERM|15/);
    assert.equal((await run({ cmd: "no-such-command" })).exitCode, 127); // the default shell says so
    for (const cmd of ["no-such-command", "/no/such"]) {
      const missing = await run({ cmd, args: ["x"] });
      assert.equal(missing.exitCode, 127);
      assert.equal(missing.frames.length, 1);
      assert.ok(missing.last.error);
    }
    await sh(host.api, vm, "printf data > /root/plain; chmod 644 /root/plain");
    assert.equal((await run({ cmd: "/root/plain", args: ["x"] })).exitCode, 126);
    assert.equal((await run({ cmd: "/root", args: ["x"] })).exitCode, 126);
  });

  story("buffered: one object, base64 only when asked, a failure is still 200", async () => {
    const script = { cmd: "/bin/sh", args: ["-c", "printf ä; printf e >&2; exit 5"] };
    const text = await execBuffered(host.api, vm, script);
    assert.deepEqual(
      [text["stdout"], text["stderr"], text["exit_code"], text["encoding"]],
      ["ä", "e", 5, undefined],
    );
    const coded = await execBuffered(host.api, vm, { ...script, stdio: "base64" });
    assert.deepEqual(
      [coded["stdout"], coded["stderr"], coded["encoding"]],
      ["w6Q=", "ZQ==", "base64"],
    );
    const missing = await execBuffered(host.api, vm, {
      cmd: "/usr/local/bin/nothing",
      args: ["x"],
    });
    assert.equal(missing["exit_code"], 127);
    for (const query of [{ cmd: "cat", stdin: true }, {}, { cmd: "" }]) {
      const refused = await host.api.post(`/vm/${vm}/exec`, {
        query: { ...query, buffered: true },
      });
      assert.equal(refused.status, 400, JSON.stringify(query));
    }
  });

  story(
    "stdin: without it an empty one; stdout=false and stderr=false silence a stream",
    async () => {
      assert.equal(await out({ cmd: "wc", args: ["-c"] }), "0\n");
      const { stdout, stderr } = await run({
        cmd: "echo out; echo err >&2",
        shell: "/bin/sh",
        stdout: false,
      });
      assert.deepEqual([stdout.toString(), stderr.toString()], ["", "err\n"]);
    },
  );

  story("stdin is streamed while output streams back, in chunks and with a length", async () => {
    const request = host.api.begin("POST", `/vm/${vm}/exec`, {
      query: { cmd: "cat", stdin: true },
    });
    request.flushHeaders(); // nothing of the body is sent: the answer must begin all the same
    const response = await inTime("the headers", responseOf(request));
    assert.equal(response.statusCode, 200);
    const frames = framesOf(response);
    assert.equal((await frames.next()).value?.type, "started");
    for (const text of ["one", "two", "three"]) {
      request.write(text);
      assert.equal((await inTime(`the echo of ${text}`, frames.next())).value?.stdout, text);
    }
    request.end();
    const last = (await frames.next()).value;
    assert.deepEqual([last?.type, last?.exitCode], ["exit", 0]);
    assert.equal((await frames.next()).done, true);

    const body = randomBytes(3 * MIB);
    const query = { cmd: "cat", stdin: true, stdio: "base64" };
    const { stdout } = await exec(host.api, vm, query, { body });
    assert.ok(stdout.equals(body), "what went in with a Content-Length came out");
  });

  story("a command that ends before its input answers at once", async () => {
    const request = host.api.begin("POST", `/vm/${vm}/exec`, {
      query: { cmd: "head", args: ["-c", "5"], stdin: true },
      keepAlive: true,
    });
    request.on("error", () => {}); // the host may close while the endless body is still sent
    const endless = setInterval(() => request.write(Buffer.alloc(64 * 1024, "x")), 5);
    try {
      const frames = [];
      const response = await inTime("the headers", responseOf(request));
      for await (const frame of framesOf(response)) frames.push(frame);
      assert.equal(frames.map(({ stdout }) => stdout).join(""), "xxxxx");
      assert.deepEqual([frames.at(-1)?.type, frames.at(-1)?.exitCode], ["exit", 0]);
    } finally {
      clearInterval(endless);
      request.destroy();
    }
  });

  story("a command that closes its input and goes on keeps all of its output", async () => {
    const body = Readable.from(endlessBlocks(), { objectMode: false });
    const query = { cmd: "exec 0<&-; sleep 1; seq 1 100000", shell: "/bin/sh", stdin: true };
    const { stdout, exitCode } = await exec(host.api, vm, query, { body, keepAlive: true });
    body.destroy();
    assert.deepEqual([stdout.toString().trimEnd().split("\n").length, exitCode], [100_000, 0]);
  });

  story("16 MiB of output arrive whole", async () => {
    const query = { cmd: `head -c ${16 * MIB} /dev/zero | tr '\\0' x`, shell: "/bin/sh" };
    const { stdout, exitCode } = await run(query);
    assert.deepEqual([stdout.length, exitCode], [16 * MIB, 0]);
    assert.ok(stdout.every((byte) => byte === 0x78));
  });

  story("a client that leaves takes the whole process tree in the guest with it", async () => {
    const tree = "sleep 4711 & (sleep 4712 & setsid sleep 0; wait) & trap '' HUP; echo up; wait";
    const { request, response } = await host.api.open("POST", `/vm/${vm}/exec`, {
      query: { cmd: tree, shell: "/bin/sh" },
    });
    const frames = framesOf(response);
    while (!(await frames.next()).value?.stdout?.includes("up"));
    const sleepers = () => sh(host.api, vm, "pgrep -fc '^sleep 471[12]$' || true");
    await until("both are there", async () => (await sleepers()) === "2");
    request.destroy();
    await until("both are gone", async () => (await sleepers()) === "0");
    await frames.return(undefined).catch(() => undefined); // the connection broke, on purpose
  });

  story("what is wrong with a request is said before any frame", async () => {
    const { api } = host;
    const noCommand = await api.post(`/vm/${vm}/exec`);
    assert.equal(noCommand.status, 400);
    assert.match(textIn(noCommand.json, "error"), /cmd/);
    assert.equal((await api.post("/vm/sbox-999/exec", { query: { cmd: "id" } })).status, 404);
    const stdin = await api.post(`/vm/${vm}/exec`, { query: { cmd: "id", stdin: "maybe" } });
    assert.equal(stdin.status, 400);
  });

  story("health tells what a client waits for", async () => {
    const head = await host.api.ask("HEAD", `/vm/${vm}/health`);
    assert.deepEqual([head.status, head.text], [200, ""]);
    const node = asObject(await host.node(vm));
    assertTime(node["created_at"]);
    const health = asObject((await host.api.get(`/vm/${vm}/health`)).json);
    assert.deepEqual([health["hostname"], health["ip"]], [vm, node["ip"]]);
    assert.equal(health["userdata_ran"], true);
    await host.deleteVm(vm);
  });
});

function* endlessBlocks(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024, "x");
}

function allBytes(): number[] {
  return Array.from({ length: 256 }, (_, byte) => byte);
}

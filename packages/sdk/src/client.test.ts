import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import http from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { AlcoveApiError } from "./api-error.ts";
import { AlcoveClient } from "./client.ts";
import { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";
import { FakeHost, type FakeHostOptions } from "./testing/fake-host.ts";

const never = new AbortController().signal;

async function withHost(
  options: FakeHostOptions,
  story: (client: AlcoveClient, host: FakeHost) => Promise<void>,
): Promise<void> {
  await using host = await FakeHost.open(options);
  const { token } = options;
  using client = new AlcoveClient({ url: host.url, ...(token === undefined ? {} : { token }) });
  host.addVm("vm-1");
  await story(client, host);
}

/** A server that answers everything in one way. */
async function rawServer(answer: http.RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = http.createServer(answer);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(10);
  }
  return false;
}

describe("client", { timeout: 20_000 }, () => {
  test("a VM's life over TCP with a token", async () => {
    await withHost({ token: "secret" }, async (client) => {
      const created = await client.createVm("sbox", { tags: ["a b"] }, { wait: "agent" }, never);
      assert.equal(created.hostname, "sbox-1");
      const [listed] = await client.listVms({ tag: "a b" }, never);
      assert.equal(listed?.hostname, "sbox-1");
      assert.equal((await client.vmHealth("sbox-1", never)).agent_uptime, 5e9);
      await client.pause("sbox-1", never);
      assert.equal((await client.listVms({ tag: "a b" }, never))[0]?.status, "Paused");
      await client.resume("sbox-1", never);
      await client.shutdown("sbox-1", "shutdown", never);
      assert.match((await client.logs("sbox-1", 0, never)).content, /^boot\n/);
      assert.equal((await client.deleteVm("sbox", "sbox-1", never)).disk_removed, "true");
      await assert.rejects(client.vmHealth("sbox-1", never), { status: 404, code: "vm_not_found" });
    });
  });

  test("the same over a Unix socket", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "alcove-sdk-"));
    await withHost({ socketPath: path.join(dir, "api.sock") }, async (client) => {
      assert.equal((await client.info(never)).version, "9.9");
      await client.healthz(never);
      const result = await client.exec("vm-1", { cmd: "echo", args: ["hi"] }, never);
      assert.equal(result.stdout.toString(), "hi\n");
      await using shell = await client.shell("vm-1", { size: { cols: 100, rows: 50 } }, never);
      const [first] = await Array.fromAsync(shell.output.take(1));
      assert.equal(String(first), "100x50\r\n");
    });
    await rm(dir, { recursive: true });
  });

  test("a create says what it waits for and for how long", async () => {
    await withHost({}, async (client, host) => {
      await client.createVm("a/b", {}, { wait: "userdata", timeoutMs: 1500 }, never);
      const [seen] = host.seen;
      assert.equal(seen?.path, "/hostgroup/a%2Fb/nodes");
      assert.equal(seen?.query.toString(), "wait=userdata&timeout=1500ms");
      assert.equal(seen?.body.toString(), "{}");
    });
  });

  test("a refusal becomes an error with status and code", async () => {
    await withHost({ token: "secret" }, async (_, host) => {
      using client = new AlcoveClient({ url: host.url, token: "wrong" });
      await assert.rejects(
        client.info(never),
        (error) =>
          error instanceof AlcoveApiError &&
          error.status === 401 &&
          error.code === "unauthenticated",
      );
    });
    await using proxy = await rawServer((_, response) =>
      response.writeHead(502).end("<h1>Bad</h1>"),
    );
    using client = new AlcoveClient({ url: proxy.url });
    await assert.rejects(client.info(never), {
      status: 502,
      code: "http_502",
      message: "<h1>Bad</h1>",
    });
  });

  test("no answer, nonsense and an abort are told apart", async () => {
    using nobody = new AlcoveClient({ url: "http://127.0.0.1:1" });
    await assert.rejects(
      nobody.info(never),
      (error) => error instanceof AlcoveConnectionError && error.code === "ECONNREFUSED",
    );
    await using odd = await rawServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"version":1}');
    });
    using client = new AlcoveClient({ url: odd.url });
    await assert.rejects(client.info(never), AlcoveProtocolError);
    const reason = new Error("client left");
    await assert.rejects(client.info(AbortSignal.abort(reason)), reason);
    await using silent = await rawServer(() => undefined);
    using waiting = new AlcoveClient({ url: silent.url });
    const controller = new AbortController();
    const answer = waiting.info(controller.signal);
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(answer, reason);
  });

  test("a question on a stale kept-alive connection is asked again", async () => {
    let connections = 0;
    await using server = await rawServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"version":"1","git_commit":"c"}');
      connections += 1;
      if (connections === 1) setImmediate(() => response.socket?.resetAndDestroy());
    });
    using client = new AlcoveClient({ url: server.url });
    for (let round = 0; round < 5; round += 1) await client.info(never);
    assert.equal(connections, 5);
  });
});

describe("exec", { timeout: 20_000 }, () => {
  test("awaited: bytes of both streams and the exit code", async () => {
    await withHost({}, async (client) => {
      const script = "printf '\\377\\000'; echo err >&2; exit 7";
      const result = await client.exec("vm-1", { cmd: "sh", args: ["-c", script] }, never);
      assert.deepEqual(result, {
        exitCode: 7,
        stdout: Buffer.from([255, 0]),
        stderr: Buffer.from("err\n"),
      });
    });
  });

  test("what is asked reaches the query in the API's words", async () => {
    await withHost({}, async (client, host) => {
      const spec = {
        cmd: "true",
        args: ["a b", "-c"],
        env: { A: "1=2", B: "" },
        cwd: "~",
        uid: 0,
        shell: "",
      };
      await client.exec("vm-1", spec, never);
      assert.equal(
        host.seen[0]?.query.toString(),
        "cmd=true&args=a+b&args=-c&env=A%3D1%3D2&env=B%3D&cwd=%7E&uid=0&shell=&stdio=base64",
      );
    });
  });

  test("iterated: full duplex, an answer comes before the input ends", async () => {
    await withHost({}, async (client) => {
      const replies: string[] = [];
      const { promise: answered, resolve } = Promise.withResolvers<void>();
      async function* questions(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("one\n");
        await answered;
        yield Buffer.from("two\n");
      }
      for await (const frame of client.exec("vm-1", { cmd: "cat", stdin: questions() }, never)) {
        if (frame.type !== "stdout") continue;
        replies.push(frame.bytes.toString());
        resolve();
      }
      assert.deepEqual(replies, ["one\n", "two\n"]);
    });
  });

  test("a large input arrives whole, and one that nobody reads does no harm", async () => {
    await withHost({}, async (client) => {
      const stdin = Readable.from(
        (function* () {
          for (let mib = 0; mib < 20; mib += 1) yield Buffer.alloc(1024 * 1024);
        })(),
      );
      const counted = await client.exec("vm-1", { cmd: "wc", args: ["-c"], stdin }, never);
      assert.equal(counted.stdout.toString().trim(), String(20 * 1024 * 1024));
      const endless = new Readable({
        read() {
          this.push(Buffer.alloc(65_536));
        },
      });
      assert.equal((await client.exec("vm-1", { cmd: "true", stdin: endless }, never)).exitCode, 0);
      if (!endless.closed) await new Promise((resolve) => endless.once("close", resolve));
    });
  });

  test("an input that fails ends the command and is the reason", async () => {
    await withHost({}, async (client, host) => {
      const broken = new Error("disk failed");
      async function* input(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("x");
        await sleep(50);
        throw broken;
      }
      await assert.rejects(
        async () => await client.exec("vm-1", { cmd: "cat", stdin: input() }, never),
        broken,
      );
      assert.ok(await isGone(host.pids[0] ?? 0));
    });
  });

  test("abort, and leaving the loop, end the process", async () => {
    await withHost({}, async (client, host) => {
      const reason = new Error("enough");
      const controller = new AbortController();
      const sleeping = { cmd: "sleep", args: ["60"] };
      setTimeout(() => controller.abort(reason), 100);
      await assert.rejects(
        async () => await client.exec("vm-1", sleeping, controller.signal),
        reason,
      );
      for await (const _ of client.exec("vm-1", sleeping, never)) break;
      assert.equal(host.pids.length, 2);
      for (const pid of host.pids) assert.ok(await isGone(pid));
    });
  });

  test("a program that does not exist is a result, not an exception; too much output is one", async () => {
    await withHost({}, async (client) => {
      const missing = await client.exec("vm-1", { cmd: "no-such-program-here" }, never);
      assert.equal(missing.exitCode, 127);
      assert.match(missing.error ?? "", /ENOENT/);
      const chatty = { cmd: "head", args: ["-c", "100000", "/dev/zero"], maxOutputBytes: 1000 };
      await assert.rejects(
        async () => await client.exec("vm-1", chatty, never),
        AlcoveProtocolError,
      );
    });
  });

  test("an execution is used once", async () => {
    await withHost({}, async (client) => {
      const execution = client.exec("vm-1", { cmd: "true" }, never);
      assert.equal(await execution, await execution);
      await assert.rejects(Array.fromAsync(execution), /once/);
    });
  });
});

describe("copy and shell", { timeout: 20_000 }, () => {
  test("a file goes in and comes out byte for byte", async () => {
    await withHost({}, async (client) => {
      const content = randomBytes(3_000_001);
      const into = { path: "/tmp/f", mode: "binary", permissions: "0640" } as const;
      await client.copyIn("vm-1", into, Readable.from([content]), never);
      const copy = await client.copyOut("vm-1", { path: "/tmp/f", mode: "any" }, never);
      const chunks = await Array.fromAsync(copy.content);
      assert.ok(Buffer.concat(chunks).equals(content));
      const { mode, name, permissions, sizeBytes } = copy;
      assert.deepEqual(
        { mode, name, permissions, sizeBytes },
        { mode: "binary", name: "f", permissions: 0o640, sizeBytes: 3_000_001 },
      );
    });
  });

  test("a source that fails breaks the upload off: the host sees no complete file", async () => {
    await withHost({}, async (client, host) => {
      const source = new Readable({
        read() {
          this.destroy(new Error("unreadable"));
        },
      });
      const into = { path: "/tmp/f", mode: "binary" } as const;
      await assert.rejects(client.copyIn("vm-1", into, source, never), /unreadable/);
      assert.equal(host.files.size, 0);
    });
  });

  test("a source name that is a path is refused", async () => {
    await using server = await rawServer((_, response) => {
      const name = Buffer.from("../../etc/cron.d/x").toString("base64url");
      response.writeHead(200, { "x-slicer-source-name-base64": name }).end("x");
    });
    using client = new AlcoveClient({ url: server.url });
    await assert.rejects(
      client.copyOut("vm-1", { path: "/x", mode: "any" }, never),
      AlcoveProtocolError,
    );
  });

  test("a shell echoes, resizes and ends", async () => {
    await withHost({}, async (client) => {
      await using shell = await client.shell("vm-1", { size: { cols: 80, rows: 24 } }, never);
      const seen: string[] = [];
      shell.output.on("data", (chunk: Buffer) => seen.push(chunk.toString()));
      shell.resize({ cols: 120, rows: 40 });
      await shell.write(Buffer.from("x".repeat(40_000)));
      await shell.write(Buffer.from([4]));
      await shell.ended;
      const text = seen.join("");
      assert.ok(text.startsWith("80x24\r\n120x40\r\nxxx"));
      assert.equal(text.length, 15 + 40_000 + 1);
    });
  });

  test("a shell that is refused says why; an aborted one ends with the reason", async () => {
    await withHost({}, async (client) => {
      await assert.rejects(client.shell("vm-9", {}, never), { status: 404, code: "vm_not_found" });
      const controller = new AbortController();
      const shell = await client.shell("vm-1", {}, controller.signal);
      const reason = new Error("enough");
      controller.abort(reason);
      await assert.rejects(shell.ended, reason);
    });
  });
});

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { AlcoveProtocolError } from "./errors.ts";
import { withHost } from "./testing/with-host.ts";

const never = new AbortController().signal;

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

describe("exec", { timeout: 60_000 }, () => {
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

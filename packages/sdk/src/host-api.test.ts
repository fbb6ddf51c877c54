import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { AlcoveApiError } from "./api-error.ts";
import { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";
import { openHostApi } from "./node/open-host.ts";
import { rawServer, withHost } from "./testing/with-host.ts";

const never = new AbortController().signal;

describe("host API", { timeout: 60_000 }, () => {
  test("a VM's life over TCP with a token", async () => {
    await withHost({ token: "secret" }, async (client) => {
      const created = await client.createVm("sbox", { tags: ["a b"] }, { wait: "agent" }, never);
      assert.equal(created.hostname, "sbox-1");
      const [listed] = await client.listVms({ tag: "a b" }, never);
      assert.equal(listed?.hostname, "sbox-1");
      assert.equal((await client.vmHealth("sbox-1", never)).agent_uptime, 5e9);
      await client.power.pause("sbox-1", never);
      assert.equal((await client.listVms({ tag: "a b" }, never))[0]?.status, "Paused");
      await client.power.resume("sbox-1", never);
      await client.power.shutdown("sbox-1", "shutdown", never);
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
      for await (const first of shell.output) {
        assert.equal(String(first), "100x50\r\n");
        break;
      }
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
      using client = openHostApi({ baseURL: host.url, token: "wrong" });
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
    using client = openHostApi({ baseURL: proxy.url });
    await assert.rejects(client.info(never), {
      status: 502,
      code: "http_502",
      message: "<h1>Bad</h1>",
      details: { body: "<h1>Bad</h1>" },
    });
  });

  test("no answer, nonsense and an abort are told apart", async () => {
    using nobody = openHostApi({ baseURL: "http://127.0.0.1:1" });
    await assert.rejects(
      nobody.info(never),
      (error) => error instanceof AlcoveConnectionError && error.code === "ECONNREFUSED",
    );
    await using odd = await rawServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"version":1}');
    });
    using client = openHostApi({ baseURL: odd.url });
    await assert.rejects(client.info(never), AlcoveProtocolError);
    const reason = new Error("client left");
    await assert.rejects(client.info(AbortSignal.abort(reason)), reason);
    await using silent = await rawServer(() => undefined);
    using waiting = openHostApi({ baseURL: silent.url });
    const controller = new AbortController();
    const answer = waiting.info(controller.signal);
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(answer, reason);
  });

  test("an answer with nothing in it is enough for the daemon's end", async () => {
    const asked: string[] = [];
    await using daemon = await rawServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.writeHead(202).end();
    });
    using client = openHostApi({ baseURL: daemon.url });
    await client.shutdownDaemon(never);
    assert.deepEqual(asked, ["POST /daemon/shutdown"]);
  });

  test("a question on a stale kept-alive connection is asked again", async () => {
    let connections = 0;
    await using server = await rawServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"version":"1","git_commit":"c"}');
      connections += 1;
      if (connections === 1) setImmediate(() => response.socket?.resetAndDestroy());
    });
    using client = openHostApi({ baseURL: server.url });
    for (let round = 0; round < 5; round += 1) await client.info(never);
    assert.equal(connections, 5);
  });
});

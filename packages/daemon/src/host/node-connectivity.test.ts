import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { describe, test } from "node:test";

import { hostConnectivity, programsAt } from "./node-connectivity.ts";

const never = new AbortController().signal;

describe("connectivity of a host", { timeout: 20_000 }, () => {
  test("whatever answers is there, over its own family only", async () => {
    await using world = await listening((_, answer) => answer.writeHead(500).end("no"));
    assert.equal(
      await hostConnectivity.answers(`http://127.0.0.1:${world.port}/`, "ipv4", never),
      true,
    );
    assert.equal(
      await hostConnectivity.answers(`http://127.0.0.1:${world.port}/`, "ipv6", never),
      false,
    );
    assert.equal(await hostConnectivity.answers("http://127.0.0.1:1/", "ipv4", never), false);
  });

  test("what says nothing is waited for no longer than the caller wants", async () => {
    await using world = await listening(() => undefined);
    const limit = AbortSignal.timeout(100);
    await assert.rejects(
      hostConnectivity.answers(`http://127.0.0.1:${world.port}/`, "ipv4", limit),
      (error) => error === limit.reason,
    );
  });

  test("names are resolved as the host resolves them", async () => {
    assert.equal(await hostConnectivity.resolves("localhost", "ipv4", never), true);
    assert.equal(await hostConnectivity.resolves("127.0.0.1", "ipv6", never), false);
  });

  test("programs are called at the node's own door, and may not say too much", async () => {
    await using node = await listening((request, answer) => {
      if (request.url === "/vm/abc/much") return answer.end(Buffer.alloc(300_000, "x"));
      return answer.writeHead(request.url === "/vm/abc/" ? 200 : 404).end(request.url);
    });
    const programs = programsAt(() => `http://127.0.0.1:${node.port}`);
    const found = await programs.call("abc", "/", never);
    assert.deepEqual(found, { status: 200, text: "/vm/abc/" });
    assert.equal((await programs.call("abc", "/x", never)).status, 404);
    await assert.rejects(programs.call("abc", "/much", never), /answers too much/);
  });
});

async function listening(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const end = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: address.port, [Symbol.asyncDispose]: end };
}

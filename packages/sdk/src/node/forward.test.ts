import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, test } from "node:test";

import { withClient } from "../testing/with-host.ts";

/** A server in the guest's place. */
async function serving(
  onConnection: (socket: net.Socket) => void,
): Promise<AsyncDisposable & { readonly address: string }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  return {
    address: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

describe("forward", { timeout: 60_000 }, () => {
  test("a local port carries bytes both ways, for several connections, until it is closed", async () => {
    await using echo = await serving((socket) => socket.pipe(socket));
    await withClient({}, async (client) => {
      const vm = client.vms.attach("sbox", "vm-1");
      await using forward = await vm.forward(`127.0.0.1:0:${echo.address}`);
      const [listener] = forward.listeners;
      assert.equal(listener?.upstream, echo.address);
      const sent = randomBytes(3_000_000);
      const connections = [1, 2, 3].map(async () => {
        const socket = net.connect(listener?.port ?? 0, "127.0.0.1");
        socket.write(sent);
        const parts: Buffer[] = [];
        let bytes = 0;
        const received: AsyncIterable<Buffer> = socket;
        for await (const part of received) {
          parts.push(part);
          bytes += part.length;
          if (bytes === sent.length) break;
        }
        return createHash("sha256").update(Buffer.concat(parts)).digest("hex");
      });
      const wanted = createHash("sha256").update(sent).digest("hex");
      assert.deepEqual(await Promise.all(connections), [wanted, wanted, wanted]);
      await forward.close();
      const refused = net.connect(listener?.port ?? 0, "127.0.0.1");
      const [error]: unknown[] = await once(refused, "error");
      assert.match(String(error), /ECONNREFUSED/);
    });
  });

  test("what the guest sent last arrives before the end", async () => {
    await using server = await serving((socket) => socket.end(Buffer.alloc(2_000_000, "x")));
    await withClient({}, async (client) => {
      const vm = client.vms.attach("sbox", "vm-1");
      await using forward = await vm.forward(`127.0.0.1:0:${server.address}`);
      const socket = net.connect(forward.listeners[0]?.port ?? 0, "127.0.0.1");
      assert.equal((await buffer(socket)).length, 2_000_000);
    });
  });

  test("a socket is forwarded to a socket; an upstream that is not there is told", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "alcove-fwd-"));
    const server = net.createServer((socket) => socket.end("hello"));
    server.listen(path.join(dir, "up.sock"));
    await withClient({}, async (client) => {
      const vm = client.vms.attach("sbox", "vm-1");
      const told: string[] = [];
      await using forward = await vm.forward(
        [`${dir}/a.sock:${dir}/up.sock`, `${dir}/b.sock:${dir}/none.sock`],
        { onError: (error, upstream) => void told.push(`${upstream} ${error.message}`) },
      );
      assert.equal(forward.listeners[0]?.path, `${dir}/a.sock`);
      assert.equal(await text(net.connect(`${dir}/a.sock`)), "hello");
      assert.equal(await text(net.connect(`${dir}/b.sock`)), "");
      assert.match(told[0] ?? "", /none\.sock Nothing listens/);
    });
    server.close();
    await rm(dir, { recursive: true });
  });

  test("one raw connection, and its refusals", async () => {
    await using echo = await serving((socket) => socket.pipe(socket));
    await withClient({}, async (client) => {
      const vm = client.vms.attach("sbox", "vm-1");
      const stream = await vm.connect(echo.address);
      const sent = randomBytes(1_000_000);
      await pipeline(Readable.from([sent]), stream, { end: false });
      let received = Buffer.alloc(0);
      const parts: AsyncIterable<Buffer> = stream;
      for await (const part of parts) {
        received = Buffer.concat([received, part]);
        if (received.length === sent.length) break;
      }
      assert.ok(received.equals(sent));
      await assert.rejects(vm.connect("127.0.0.1:1"), { status: 502, code: "dial_failed" });
      const gone = client.vms.attach("sbox", "vm-9");
      await assert.rejects(gone.connect(echo.address), { status: 404 });
      await assert.rejects(vm.connect("80"), /neither host:port/);
    });
  });

  test("an address that is taken, or not of this machine, is refused in words, and none stays", async () => {
    await using taken = await serving(() => undefined);
    await withClient({}, async (client) => {
      const vm = client.vms.attach("sbox", "vm-1");
      await assert.rejects(vm.forward(taken.address), /something else does already/);
      await assert.rejects(vm.forward("203.0.113.9:80"), /not an address of this machine/);
      await assert.rejects(vm.forward([]), /Give a spec/);
    });
  });

  test("an abort closes the listener and its connections", async () => {
    await using echo = await serving((socket) => socket.pipe(socket));
    await withClient({}, async (client) => {
      const controller = new AbortController();
      const vm = client.vms.attach("sbox", "vm-1");
      const spec = `127.0.0.1:0:${echo.address}`;
      const forward = await vm.forward(spec, { signal: controller.signal });
      const socket = net.connect(forward.listeners[0]?.port ?? 0, "127.0.0.1");
      socket.on("error", () => socket.destroy());
      socket.write("x");
      await once(socket, "data");
      controller.abort(new Error("enough"));
      await once(socket, "close");
      await forward.close();
    });
  });
});

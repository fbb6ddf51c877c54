/** Terminals over real WebSockets, with both ways to a host. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";

import type * as wire from "@alcove/api";
import { type WebSocket, WebSocketServer } from "ws";

import { AlcoveClient as BrowserClient } from "./browser/index.ts";
import { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";
import { AlcoveClient as NodeClient } from "./index.ts";
import type { TerminalEvent } from "./terminal-session.ts";
import type * as shapes from "./terminal-shapes.ts";

/** `true` when either can stand for the other; anything else does not compile below */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

const SAME: readonly true[] = [
  true satisfies Same<wire.Terminal, shapes.Terminal>,
  true satisfies Same<wire.NewTerminal, shapes.NewTerminal>,
  true satisfies Same<wire.TerminalRequest, shapes.TerminalRequest>,
];

test("terminal shapes: the types check holds them to the schemas", () => {
  assert.equal(SAME.length, 3);
});

const AT = "/v1/vms/sbox-1/terminals";
const TERMINAL = {
  id: "ex_1",
  created_at: "2026-01-02T03:04:05Z",
  command: "login shell",
  uid: 1000,
};

/** A host with one terminal, which does to a client what the test says. */
async function served(play: (socket: WebSocket) => void) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${Buffer.concat(pieces).toString()}`.trim());
      const { id, created_at } = TERMINAL;
      const answers: Readonly<Record<string, readonly [number, object]>> = {
        POST: [201, { id, created_at }],
        GET: [200, [{ ...TERMINAL, exited: false }]],
      };
      const [status, body] = answers[request.method ?? ""] ?? [204, undefined];
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket, request) => {
    asked.push(`attach ${request.url}`);
    play(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address && typeof address === "object");
  return {
    asked,
    baseURL: `http://127.0.0.1:${address.port}`,
    [Symbol.dispose]: () => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
    },
  };
}

const MAKERS = [
  ["Node", (baseURL: string) => new NodeClient({ baseURL })],
  ["browser", (baseURL: string) => new BrowserClient({ baseURL })],
] as const;

async function all(
  events: AsyncIterable<TerminalEvent>,
): Promise<readonly (string | TerminalEvent)[]> {
  const decoder = new TextDecoder();
  return Array.fromAsync(events, (event) =>
    event.type === "output" ? decoder.decode(event.bytes) : event,
  );
}

for (const [where, make] of MAKERS) {
  describe(`terminals, ${where}`, { timeout: 20_000 }, () => {
    test("what is said of them is asked for in the API's words", async () => {
      using host = await served(() => undefined);
      using client = make(host.baseURL);
      const { terminals } = client.vms.attach("sbox", "sbox-1");
      const opened = await terminals.open({ size: { cols: 90, rows: 30 }, shell: "/bin/sh" });
      assert.deepEqual(opened, { id: "ex_1", createdAt: TERMINAL.created_at });
      const [listed] = await terminals.list();
      assert.deepEqual([listed?.id, listed?.exited, listed?.uid], ["ex_1", false, 1000]);
      await terminals.delete("ex_1");
      assert.deepEqual(host.asked, [
        `POST ${AT} {"cols":90,"rows":30,"shell":"/bin/sh"}`,
        `GET ${AT}`,
        `DELETE ${AT}/ex_1`,
      ]);
    });

    test("bytes and notices come in their order, and the exit is the end", async () => {
      using host = await served((socket) => {
        socket.send(Buffer.from("kept "));
        socket.send('{"type":"live"}');
        socket.once("message", (bytes: Buffer) => {
          socket.send(bytes);
          socket.once("message", (text: Buffer, isBinary: boolean) => {
            assert.equal(isBinary, false);
            socket.send(text, { binary: true });
            socket.send('{"type":"gap","dropped_bytes":7}');
            socket.send('{"type":"exit","code":3}');
            socket.close(1000);
          });
        });
      });
      using client = make(host.baseURL);
      const { terminals } = client.vms.attach("sbox", "sbox-1");
      using session = await terminals.attach("ex_1");
      await session.write("typed ");
      session.resize({ cols: 101, rows: 37 });
      assert.deepEqual(await all(session.events()), [
        "kept ",
        { type: "live" },
        "typed ",
        '{"type":"resize","cols":101,"rows":37}',
        { type: "gap", droppedBytes: 7 },
        { type: "exit", code: 3 },
      ]);
      assert.equal(await session.closed, 1000);
      assert.deepEqual(host.asked, [`attach ${AT}/ex_1/attach`]);
    });

    test("a connection that is lost is no exit; one that is left is no failure", async () => {
      using host = await served((socket) => {
        socket.send("still ");
        setTimeout(() => socket.close(1011, "the guest is gone"), 20);
      });
      using broken = await served((socket) => socket.send('{"type":"live"'));
      using quiet = await served(() => undefined);
      for (const [{ baseURL }, failure] of [
        [host, AlcoveProtocolError],
        [broken, AlcoveProtocolError],
      ] as const) {
        using client = make(baseURL);
        using session = await client.vms.attach("sbox", "sbox-1").terminals.attach("ex_1");
        await assert.rejects(all(session.events()), failure);
      }
      using client = make(quiet.baseURL);
      const session = await client.vms.attach("sbox", "sbox-1").terminals.attach("ex_1");
      setTimeout(() => session.close(), 20);
      assert.deepEqual(await all(session.events()), []);
      using lost = await served((socket) => setTimeout(() => socket.close(1011, "gone"), 20));
      using another = make(lost.baseURL);
      using ended = await another.vms.attach("sbox", "sbox-1").terminals.attach("ex_1");
      await assert.rejects(all(ended.events()), AlcoveConnectionError);
    });

    test("an abort ends with its reason", async () => {
      using quiet = await served(() => undefined);
      using client = make(quiet.baseURL);
      const controller = new AbortController();
      const reason = new Error("enough");
      const { terminals } = client.vms.attach("sbox", "sbox-1");
      using session = await terminals.attach("ex_1", { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 20);
      await assert.rejects(all(session.events()), reason);
    });
  });
}

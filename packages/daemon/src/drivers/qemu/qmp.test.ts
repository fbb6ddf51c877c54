import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { MAX_LINE_BYTES } from "./bounded-lines.ts";
import { Qmp, type QmpEvent, QmpRefused, queryRunning } from "./qmp.ts";

const never = new AbortController().signal;

const GREETING = '{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7}},"capabilities":[]}}';

/** What a fake QEMU does with one command line; it has negotiated already. */
type Behaviour = (socket: Socket, command: { execute: string; id: number }) => void;

interface FakeQemu extends AsyncDisposable {
  readonly path: string;
}

async function fakeQemu(behave: Behaviour, greeting = GREETING): Promise<FakeQemu> {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "qmp-"));
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    if (greeting !== "") socket.write(`${greeting}\r\n`);
    socket.on("error", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().trim().split("\n")) {
        const command: { execute: string; id: number } = JSON.parse(line);
        if (command.execute === "qmp_capabilities") reply(socket, { return: {}, id: command.id });
        else behave(socket, command);
      }
    });
  });
  const socketPath = path.join(directory.path, "qmp");
  server.listen(socketPath);
  await once(server, "listening");
  return {
    path: socketPath,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await directory.remove();
    },
  };
}

function reply(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify(message)}\r\n`);
}

function ignoreEvents(): void {
  // these tests are about commands
}

test("qmp: answers find their commands whatever their order", async () => {
  const held: number[] = [];
  await using qemu = await fakeQemu((socket, { execute, id }) => {
    held.push(id);
    if (execute !== "second") return;
    for (const one of held.toReversed()) reply(socket, { return: { answerTo: one }, id: one });
  });
  using qmp = await Qmp.connect(qemu.path, ignoreEvents, never);

  const answers = await Promise.all([
    qmp.execute("first", {}, never),
    qmp.execute("second", {}, never),
  ]);

  assert.deepEqual(answers, [{ answerTo: 2 }, { answerTo: 3 }]);
});

test("qmp: a refused command rejects with QEMU's sentence, without control characters", async () => {
  await using qemu = await fakeQemu((socket, { id }) => {
    reply(socket, { error: { class: "GenericError", desc: "no \u001b[31msuch device" }, id });
  });
  using qmp = await Qmp.connect(qemu.path, ignoreEvents, never);

  await assert.rejects(
    qmp.execute("device_del", {}, never),
    new QmpRefused("QEMU refused device_del: no [31msuch device"),
  );
});

test("qmp: events between answers are handed on, in pieces or not", async () => {
  const events: QmpEvent[] = [];
  await using qemu = await fakeQemu((socket, { id }) => {
    socket.write('{"event":"SHUTDOWN","data":{"reason":"guest-');
    setImmediate(() => {
      socket.write('shutdown"}}\r\n{"event":"RESUME"}\r\n');
      reply(socket, { return: {}, id });
    });
  });
  using qmp = await Qmp.connect(qemu.path, (event) => events.push(event), never);

  await qmp.execute("cont", {}, never);

  assert.deepEqual(events, [
    { name: "SHUTDOWN", data: { reason: "guest-shutdown" } },
    { name: "RESUME", data: {} },
  ]);
});

test("qmp: a QEMU that accepts and says nothing is given up at the caller's deadline", async () => {
  await using qemu = await fakeQemu(() => {}, "");
  const deadline = AbortSignal.timeout(30);

  await assert.rejects(Qmp.connect(qemu.path, ignoreEvents, deadline), { name: "TimeoutError" });
});

test("qmp: aborting one command leaves the connection usable", async () => {
  await using qemu = await fakeQemu((socket, { execute, id }) => {
    if (execute === "query-status") reply(socket, { return: { running: true }, id });
  });
  using qmp = await Qmp.connect(qemu.path, ignoreEvents, never);
  const reason = new Error("client left");

  await assert.rejects(qmp.execute("unanswered", {}, AbortSignal.abort(reason)), reason);

  assert.equal(await queryRunning(qmp, never), true);
});

test("qmp: waiting commands reject when QEMU goes away", async () => {
  await using qemu = await fakeQemu((socket) => socket.destroy());
  using qmp = await Qmp.connect(qemu.path, ignoreEvents, never);

  await assert.rejects(qmp.execute("stop", {}, never), /closed its control socket/);

  assert.match((await qmp.closed).message, /closed its control socket/);
});

const HOSTILE: readonly [what: string, bytes: string, reason: RegExp][] = [
  ["an endless line", "x".repeat(MAX_LINE_BYTES + 1), /too long/],
  ["something else than JSON", "hello\n", /not a JSON object/],
  ["JSON that is no object", "[1]\n", /not a JSON object/],
];

for (const [what, bytes, reason] of HOSTILE) {
  test(`qmp: ${what} ends the connection`, async () => {
    await using qemu = await fakeQemu((socket) => socket.write(bytes));
    using qmp = await Qmp.connect(qemu.path, ignoreEvents, never);

    await assert.rejects(qmp.execute("query-status", {}, never), reason);
  });
}

test("qmp: a status that does not say whether the guest runs is an error", async () => {
  await using qemu = await fakeQemu((socket, { id }) => reply(socket, { return: "yes", id }));
  using qmp = await Qmp.connect(qemu.path, ignoreEvents, never);

  await assert.rejects(queryRunning(qmp, never), /did not say/);
});

test("qmp: an answer to a command nobody sent is ignored", async () => {
  await using qemu = await fakeQemu((socket, { id }) => {
    reply(socket, { return: {}, id: 999 });
    reply(socket, { return: {}, id: "x" });
    reply(socket, { return: { running: false }, id });
  });
  using qmp = await Qmp.connect(qemu.path, ignoreEvents, never);

  assert.equal(await queryRunning(qmp, never), false);
});

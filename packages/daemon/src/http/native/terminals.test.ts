/** Terminals over a fake host: WebSockets as a browser opens them. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";

import { Terminal, TerminalNotice } from "@alcove/api";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { WebSocket } from "ws";

import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { dialerWith } from "#testing/troubles.ts";

/** what the agent of the next sessions does not know */
const lacking: { feature: string } = { feature: "nothing" };

const api = await SlicerApi.make({
  parts: (host) => ({
    dialer: dialerWith(host.dialer, (link) => ({
      agent: {
        ...link.agent,
        get features() {
          return link.agent.features.filter((one) => one !== lacking.feature);
        },
      },
    })),
  }),
});
after(() => api[Symbol.asyncDispose]());
const address = await api.listen();
const hostname = await api.vm();
const at = `/v1/vms/${hostname}/terminals`;

async function opened(more: object = {}): Promise<string> {
  const body = JSON.stringify({ cols: 80, rows: 24, ...more });
  const { status, text } = await api.call(`POST ${at}`, { body });
  assert.equal(status, 201, text);
  const { id, created_at: createdAt }: { id: string; created_at: string } = JSON.parse(text);
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);
  return id;
}

async function listed(): Promise<readonly Terminal[]> {
  const { status, text } = await api.call(`GET ${at}`);
  const list: unknown = JSON.parse(text);
  assert.equal(status, 200, text);
  assert.ok(Value.Check(Type.Array(Terminal), list), text);
  return list;
}

function noticeIn(data: Buffer): TerminalNotice {
  const notice: unknown = JSON.parse(data.toString());
  assert.ok(Value.Check(TerminalNotice, notice), data.toString());
  return notice;
}

/** One who works at a terminal. */
async function attached(id: string) {
  const socket = new WebSocket(`ws://${address}${at}/${id}/attach`);
  const heard: (Buffer | TerminalNotice)[] = [];
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    heard.push(isBinary ? data : noticeIn(data));
  });
  const closed = once(socket, "close");
  await once(socket, "open");
  const notices = () => heard.filter((one) => !Buffer.isBuffer(one));
  const screen = () => Buffer.concat(heard.filter((one) => Buffer.isBuffer(one))).toString();
  return {
    socket,
    closed,
    heard,
    notices,
    screen,
    resize: (cols: number, rows: number) =>
      socket.send(JSON.stringify({ type: "resize", cols, rows })),
    shows: (text: string) =>
      eventually(`the terminal shows ${text}`, () => screen().includes(text)),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

test("terminals: what one types all see; who comes later is shown what is kept, then told so", async () => {
  const id = await opened();
  using one = await attached(id);
  using other = await attached(id);
  one.socket.send(Buffer.from("echo hello\r"));
  await one.shows("hello\r\n$ ");
  await other.shows("hello\r\n$ ");
  assert.equal(one.screen(), "$ echo hello\r\nhello\r\n$ ");
  assert.deepEqual(one.notices(), [{ type: "live" }]);
  one.socket.close();
  using late = await attached(id);
  await eventually("it is live", () => late.notices().length === 1);
  assert.equal(late.screen(), one.screen());
  assert.deepEqual(late.heard.at(-1), { type: "live" });
});

test("terminals: there is one size, and the last word counts", async () => {
  const id = await opened({ cols: 90, rows: 30 });
  using one = await attached(id);
  one.socket.send(Buffer.from("stty size\r"));
  await one.shows("30 90\r\n");
  using other = await attached(id);
  other.resize(101, 37);
  other.socket.send(Buffer.from("stty size\r"));
  await one.shows("37 101\r\n");
});

test("terminals: a flood of sizes is let through slowly, and the last one still counts", async () => {
  const id = await opened();
  using one = await attached(id);
  const begun = performance.now();
  for (let cols = 1; cols <= 100; cols += 1) one.resize(cols, 20);
  one.socket.send(Buffer.from("stty size\r"));
  await one.shows("20 100\r\n");
  assert.ok(performance.now() - begun > 900);
});

test("terminals: the shell's end is told, also later; it is listed until it is deleted", async () => {
  const id = await opened({ shell: "/bin/sh", uid: 1000 });
  using one = await attached(id);
  one.socket.send(Buffer.from("exit 3\r"));
  assert.equal((await one.closed)[0], 1000);
  assert.deepEqual(one.heard.at(-1), { type: "exit", code: 3 });
  using late = await attached(id);
  assert.equal((await late.closed)[0], 1000);
  assert.deepEqual(late.notices(), [{ type: "live" }, { type: "exit", code: 3 }]);
  const found = (await listed()).find((it) => it.id === id);
  assert.deepEqual([found?.exited, found?.exit_code, found?.uid], [true, 3, 1000]);
  assert.equal((await api.call(`DELETE ${at}/${id}`)).status, 204);
  assert.ok(!(await listed()).some((it) => it.id === id));
});

test("terminals: deleting ends what runs, and tells those who work at it", async () => {
  const id = await opened();
  using one = await attached(id);
  one.socket.send(Buffer.from("sleep 1000\r"));
  await one.shows("sleep 1000\r\n");
  assert.equal((await listed()).find((it) => it.id === id)?.exited, false);
  assert.equal((await api.call(`DELETE ${at}/${id}`)).status, 204);
  assert.equal((await one.closed)[0], 1000);
  assert.deepEqual(one.heard.at(-1), { type: "exit", code: 129 });
  assert.equal((await api.call(`DELETE ${at}/${id}`)).status, 410);
});

test("terminals: Slicer's clients see none of them, and their programs are none", async () => {
  const id = await opened();
  const started = await api.call(`POST /vm/${hostname}/exec?background=true&cmd=sleep&args=1000`);
  const { exec_id: program }: { exec_id: string } = JSON.parse(started.text);
  for (const path of [`/vm/${hostname}/exec`, `/vm/${hostname}`]) {
    const { text } = await api.call(`GET ${path}`);
    assert.ok(text.includes(program) && !text.includes(id), text);
  }
  assert.ok(!(await listed()).some((it) => it.id === program));
  assert.equal((await api.call(`DELETE ${at}/${program}`)).status, 404);
  const socket = new WebSocket(`ws://${address}${at}/${program}/attach`);
  const [, response] = await once(socket, "unexpected-response");
  assert.equal(response.statusCode, 404);
});

test("terminals: what means nothing ends the connection, and not the terminal", async () => {
  const id = await opened();
  for (const nonsense of [
    "",
    "{",
    "[]",
    '{"type":"resize","cols":0,"rows":1}',
    '{"type":"resize","cols":5000,"rows":1}',
    '{"type":"close"}',
    `{"type":"resize","cols":80,"rows":24,"more":"${"x".repeat(2_000)}"}`,
  ]) {
    using one = await attached(id);
    one.socket.send(nonsense);
    const [code, reason] = await one.closed;
    assert.equal(code, 1008, nonsense);
    assert.match(String(reason), /text message/);
  }
  using last = await attached(id);
  last.socket.send(Buffer.from("echo still here\r"));
  await last.shows("still here\r\n");
});

test("terminals: orders that cannot be are refused with the field that is wrong", async () => {
  for (const [wrong, field] of [
    [{ cols: 0 }, /cols/],
    [{ rows: 1001 }, /rows/],
    [{ cols: "80" }, /cols/],
    [{ uid: -1 }, /uid/],
    [{ shell: "" }, /shell/],
    [{ cwd: "/none" }, /none/],
  ] as const) {
    const body = JSON.stringify({ cols: 80, rows: 24, ...wrong });
    const { status, text } = await api.call(`POST ${at}`, { body });
    assert.equal(status, 400, text);
    assert.match(text, field);
  }
  assert.equal((await api.call("GET /v1/vms/none-1/terminals")).status, 404);
});

test("terminals: an agent that is too old is named as the reason, with what to do", async () => {
  lacking.feature = "terminals";
  try {
    const body = JSON.stringify({ cols: 80, rows: 24 });
    for (const answer of [await api.call(`POST ${at}`, { body }), await api.call(`GET ${at}`)]) {
      assert.equal(answer.status, 501, answer.text);
      assert.match(answer.text, /older than this daemon.*rebuild/);
    }
  } finally {
    lacking.feature = "nothing";
  }
});

test("terminals: when the VM goes, those who work at it are told that it was not their shell", async () => {
  const other = await api.vm();
  const { text } = await api.call(`POST /v1/vms/${other}/terminals`, {
    body: '{"cols":80,"rows":24}',
  });
  const { id }: { id: string } = JSON.parse(text);
  const socket = new WebSocket(`ws://${address}/v1/vms/${other}/terminals/${id}/attach`);
  await once(socket, "open");
  const closed = once(socket, "close");
  await api.vms.get(other).stop(never);
  assert.equal((await closed)[0], 1011);
});

import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { BackgroundKeep } from "#core/ports/guest-background.ts";
import { type GuestExec, SessionLost } from "#core/ports/guest-link.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, count, exactly, filled, shape, time } from "#testing/strict-json.ts";
import { dialerWith } from "#testing/troubles.ts";

/** programs as the guest was asked to start them, newest last */
const asked: (GuestExec & BackgroundKeep)[] = [];

const api = await SlicerApi.make({
  parts: (host) => ({
    dialer: dialerWith(host.dialer, (link) => ({
      startInBackground: (program, keep, signal) => {
        asked.push({ ...program, ...keep });
        return link.startInBackground(program, keep, signal);
      },
    })),
  }),
});
after(() => api[Symbol.asyncDispose]());
const hostname = await api.vm();
const EXEC = `/vm/${hostname}/exec`;

interface Frame {
  readonly id: number;
  readonly type: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number;
  readonly encoding?: string;
  readonly dropped_bytes?: number;
  readonly dropped_frames?: number;
}

async function start(query: string): Promise<string> {
  const { status, text: body } = await api.call(`POST ${EXEC}?background=true&${query}`);
  assert.equal(status, 201, body);
  const { exec_id }: { exec_id: string } = JSON.parse(body);
  assert.match(exec_id, /^ex_/);
  return exec_id;
}

async function json<T>(line: string, body?: string): Promise<T> {
  const answer = await api.call(line, body === undefined ? {} : { body });
  assert.equal(answer.status, 200, `${line}: ${answer.text}`);
  const parsed: T = JSON.parse(answer.text);
  return parsed;
}

async function frames(id: string, query = ""): Promise<readonly Frame[]> {
  const { status, type, text: body } = await api.call(`GET ${EXEC}/${id}/logs${query}`);
  assert.deepEqual([status, type], [200, "application/x-ndjson"]);
  assert.ok(body === "" || body.endsWith("\n"));
  return body
    .split("\n")
    .slice(0, -1)
    .map((line): Frame => JSON.parse(line));
}

const status = async (line: string, body?: string) =>
  (await api.call(line, body === undefined ? {} : { body })).status;

test("slicer background: a program is started, waited for, described and reaped", async () => {
  const answer = await api.call(`POST ${EXEC}?background=true&cmd=sh&args=-c&args=echo+out;exit+7`);
  assert.equal(answer.status, 201);
  const started = shape({ exec_id: filled, pid: count, started_at: time, ring_bytes: count });
  assertStrict(answer.text, started);
  const { exec_id: id, ring_bytes }: { exec_id: string; ring_bytes: number } = JSON.parse(
    answer.text,
  );
  assert.equal(ring_bytes, 1024 * 1024);
  const ended = await json<object>(`GET ${EXEC}/${id}/wait-exit?timeout=5`);
  assert.partialDeepStrictEqual(ended, {
    exec_id: id,
    running: false,
    exit_code: 7,
    timed_out: false,
  });
  const info = await json<object>(`GET ${EXEC}/${id}`);
  assert.partialDeepStrictEqual(info, {
    exec_id: id,
    command: "sh",
    args: ["-c", "echo out;exit 7"],
    running: false,
    exit_code: 7,
    bytes_written: 4,
    bytes_dropped: 0,
    next_id: 4,
  });
  assert.deepEqual(await json(`GET ${EXEC}`), [info]);
  assert.deepEqual(await json(`DELETE ${EXEC}/${id}`), { exec_id: id, reaped: true });
  for (const line of [`GET ${EXEC}/${id}`, `GET ${EXEC}/${id}/logs`, `DELETE ${EXEC}/${id}`]) {
    assert.equal(await status(line), 410, line);
  }
  assert.equal(await status(`POST ${EXEC}/${id}/kill`), 410);
  assert.equal(await status(`GET ${EXEC}/${id}/wait-exit`), 410);
  assert.equal(await status(`GET ${EXEC}/ex_never`), 404);
  assert.deepEqual(await json(`GET ${EXEC}`), []);
});

const ORDERS = [
  ["cmd=echo+a", { program: { kind: "argv", argv: ["echo a"] } }],
  ["cmd=true&shell=", { program: { kind: "argv", argv: ["true"] } }],
  [
    "cmd=true&shell=/bin/sh",
    { program: { kind: "shell", shell: "/bin/sh", command: "true", args: [] } },
  ],
  ["cmd=true", { user: "default", ringBytes: undefined, note: "text", stdin: false }],
  ["cmd=true&uid=0&gid=0&ring_bytes=0", { user: { uid: 0, gid: 0 }, ringBytes: undefined }],
  ["cmd=true&ring_bytes=4096&stdio=base64", { ringBytes: 4096, note: "base64" }],
  ["cmd=true&env=A%3D1&cwd=%2Ftmp", { env: ["A=1"], cwd: "/tmp" }],
] as const;

for (const [query, wanted] of ORDERS) {
  test(`slicer background: ?${query} is understood`, async () => {
    await api.call(`POST ${EXEC}?background=true&${query}`);
    assert.partialDeepStrictEqual(asked.at(-1), wanted);
  });
}

for (const query of [
  "cmd=true&stdin=true",
  "cmd=true&buffered=true",
  "cmd=true&ring_bytes=-1",
  "cmd=true&ring_bytes=1M",
  "cmd=",
  "cmd=nope",
  "cmd=true&cwd=/no/such",
]) {
  test(`slicer background: ?${query} is 400`, async () => {
    const { status: code, text: body } = await api.call(`POST ${EXEC}?background=true&${query}`);
    assert.equal(code, 400);
    assertStrict(body, shape({ error: filled, code: exactly("invalid_request") }));
  });
}

test("slicer background: rings that do not fit are 503", async () => {
  assert.equal(await status(`POST ${EXEC}?background=true&cmd=true&ring_bytes=300000000`), 503);
});

test("slicer background: logs have an id on each frame, and are as they were asked for", async () => {
  const id = await start("cmd=printf&args=h%C3%A9&stdio=base64");
  await api.call(`GET ${EXEC}/${id}/wait-exit`);
  const all = await frames(id);
  assert.deepEqual(
    all.map(({ id: number, type, stdout, encoding }) => [number, type, stdout, encoding]),
    [
      [1, "started", "", undefined],
      [2, "stdout", Buffer.from("hé").toString("base64"), "base64"],
      [3, "exit", "", undefined],
    ],
  );
  assert.deepEqual(await frames(id, "?from_id=3&follow=true"), [all[2]]);
  assert.deepEqual(await frames(id, "?from_id=18446744073709551615&follow=true"), []);
  assert.equal(await status(`GET ${EXEC}/${id}/logs?from_id=x`), 400);
  assert.equal(await status(`GET ${EXEC}/${id}/logs?follow=perhaps`), 400);
});

test("slicer background: what a small ring lost is one gap", async () => {
  const id = await start("cmd=sh&args=-c&args=seq+20000;echo+end&ring_bytes=4096");
  await api.call(`GET ${EXEC}/${id}/wait-exit`);
  const { bytes_dropped } = await json<{ bytes_dropped: number }>(`GET ${EXEC}/${id}`);
  const [gap, ...rest] = await frames(id);
  assert.equal(gap?.type, "gap");
  assert.equal(gap.dropped_bytes, bytes_dropped);
  assert.equal(gap.dropped_frames, gap.id);
  assert.deepEqual(
    rest.map((frame) => frame.id),
    rest.map((_, index) => gap.id + 1 + index),
  );
  assert.equal(rest.at(-1)?.type, "exit");
});

test("slicer background: a follower waits for what is to come, up to the end", async () => {
  const id = await start("cmd=sh&args=-c&args=echo+a;sleep+0.1;echo+b");
  const followed = await frames(id, "?follow=true&from_id=3");
  assert.deepEqual(
    followed.map(({ id: number, type, stdout }) => [number, type, stdout]),
    [
      [3, "stdout", "b\n"],
      [4, "exit", ""],
    ],
  );
});

test("slicer background: kill takes a body, an empty one, or none; a running one cannot be reaped", async () => {
  const json_ = { "content-type": "application/json" };
  for (const [body, sent] of [
    [undefined, "SIGTERM"],
    ["", "SIGTERM"],
    ["{}", "SIGTERM"],
    ['{"signal":null,"grace_ms":null}', "SIGTERM"],
    ['{"signal":"SIGHUP"}', "SIGHUP"],
    ['{"signal":"kill","grace_ms":1}', "SIGKILL"],
  ] as const) {
    const id = await start("cmd=sleep&args=600");
    assert.equal(await status(`DELETE ${EXEC}/${id}`), 409);
    const call = body === undefined ? {} : { headers: json_, body };
    const killed = await api.call(`POST ${EXEC}/${id}/kill`, call);
    assert.equal(killed.status, 200, killed.text);
    const answer = { exec_id: id, running: true, signal_sent: sent };
    assert.partialDeepStrictEqual(JSON.parse(killed.text), answer);
    const end = await json<{ signal: string }>(`GET ${EXEC}/${id}/wait-exit`);
    assert.equal(`SIG${end.signal}`, sent);
    const again = await json(`POST ${EXEC}/${id}/kill`, "{}");
    assert.partialDeepStrictEqual(again, { running: false, signal_sent: "" });
  }
  const id = await start("cmd=sleep&args=600");
  for (const body of ['{"signal":"STOP"}', '{"grace_ms":-1}', '{"grace_ms":1.5}', "[]"]) {
    assert.equal(await status(`POST ${EXEC}/${id}/kill`, body), 400, body);
  }
  await api.call(`POST ${EXEC}/${id}/kill`, { body: '{"signal":"KILL"}' });
});

test("slicer background: waiting ends in time, and says so", async () => {
  const id = await start("cmd=sleep&args=600");
  const waited = await json(`GET ${EXEC}/${id}/wait-exit?timeout=1`);
  assert.deepEqual(waited, { exec_id: id, running: true, timed_out: true });
  for (const timeout of ["-1", "1s", "0.5"]) {
    assert.equal(await status(`GET ${EXEC}/${id}/wait-exit?timeout=${timeout}`), 400, timeout);
  }
  await api.call(`POST ${EXEC}/${id}/kill`, { body: '{"signal":"KILL"}' });
});

test("slicer background: programs outlast a session, and a description shows them", async () => {
  const id = await start("cmd=sleep&args=600");
  const session = api.vms.get(hostname).contact?.current;
  await session?.[Symbol.asyncDispose]();
  assert.ok((await session?.closed) instanceof SessionLost);
  const { running } = await json<{ running: boolean }>(`GET ${EXEC}/${id}`);
  assert.equal(running, true);
  const described = await json<{ bg_execs: readonly object[]; last_agent_call: string }>(
    `GET /vm/${hostname}`,
  );
  assertStrict(JSON.stringify(described.last_agent_call), time);
  const wanted = { exec_id: id, command: "sleep", state: "running" };
  assert.ok(described.bg_execs.some((one) => "exec_id" in one && one.exec_id === id));
  assert.partialDeepStrictEqual(described, { open_agent_connections: 0 });
  assert.partialDeepStrictEqual(
    described.bg_execs.find((one) => "exec_id" in one && one.exec_id === id),
    wanted,
  );
  await api.call(`POST ${EXEC}/${id}/kill`, { body: '{"signal":"KILL"}' });
});

test("slicer background: a VM that is not there is 404, a paused one 409", async () => {
  assert.equal(await status("GET /vm/sbox-99/exec"), 404);
  assert.equal(await status("POST /vm/sbox-99/exec?background=true&cmd=true"), 404);
  const other = await api.vm();
  await api.call(`POST /vm/${other}/pause`);
  assert.equal(await status(`GET /vm/${other}/exec`), 409);
  assert.equal(await status(`POST /vm/${other}/exec?background=true&cmd=true`), 409);
  const described = await json<object>(`GET /vm/${other}`);
  assert.ok(!("bg_execs" in described), "nobody can know");
});

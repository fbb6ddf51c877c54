/** Programs in the background and watches: what the host makes of what a guest says of them. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fixtures from "../../../../guest/protocol/fixtures/frames.json" with { type: "json" };
import { SessionLost } from "#core/ports/guest-link.ts";
import type { GuestWatch } from "#core/ports/guest-watch.ts";
import { ScriptedGuest } from "#testing/scripted-guest.ts";

import { AgentDialer } from "./agent-dialer.ts";
import { parseFields } from "./fields.ts";

const never = new AbortController().signal;
const WINDOW = 262_144;
const ID = "ex_5f3c2b1a000000000001";
const described = {
  id: ID,
  pid: 12,
  command: "sh",
  args: ["-c", "a\nb"],
  cwd: "/root",
  uid: 0,
  note: "base64",
  startedNs: "1764000000123456789",
  running: true,
  written: 5,
  dropped: 0,
  nextId: 3,
  ringBytes: 4096,
};
const read = {
  id: ID,
  pid: 12,
  command: "sh",
  args: ["-c", "a\nb"],
  cwd: "/root",
  uid: 0,
  note: "base64",
  startedAt: new Date(1_764_000_000_123),
  end: undefined,
  writtenBytes: 5,
  droppedBytes: 0,
  nextId: 3,
  ringBytes: 4096,
};
const change = fieldsIn("data-changes");
const wanted: GuestWatch = {
  paths: ["~/x"],
  user: { uid: 1000, gid: undefined },
  patterns: [],
  types: [],
  recursive: false,
  debounceMs: 200,
};

describe("background", { timeout: 20_000 }, () => {
  test("a start is one question; a refusal has its reason", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const keep = { ringBytes: 4096, note: "text" };
    const starting = link.startInBackground(anExec(), keep, never);
    const open = await guest.next("OPEN");
    assert.partialDeepStrictEqual(parseFields(open.payload), { op: "background", ...keep });
    const { startedNs, ringBytes, pid } = described;
    guest.send("CLOSE", open.stream, { ok: true, id: ID, pid, startedNs, ringBytes });
    const { startedAt } = read;
    assert.deepEqual(await starting, { id: ID, pid, startedAt, ringBytes });

    const refused = link.startInBackground(anExec(), keep, never);
    const second = await guest.next("OPEN");
    guest.send("CLOSE", second.stream, { ok: false, code: "busy", message: "no room" });
    await assert.rejects(refused, { details: { reason: "busy" } });
  });

  test("programs are lines, cut anywhere, with every character as it was asked for", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const end = { exitCode: 143, signal: "TERM", endedNs: described.startedNs };
    const other = { ...described, running: false, end };
    const lines = Buffer.from(`${JSON.stringify(described)}\n${JSON.stringify(other)}\n`);
    const asked = link.background.list(never);
    const { stream } = await guest.next("OPEN");
    for (let at = 0; at < lines.length; at += 11) {
      guest.send("DATA", stream, lines.subarray(at, at + 11));
    }
    guest.send("END", stream);
    guest.send("CLOSE", stream, { ok: true, bytes: lines.length });
    const endedAt = read.startedAt;
    const ended = { ...read, end: { exitCode: 143, signal: "TERM", endedAt } };
    assert.deepEqual(await asked, [read, ended]);
  });

  test("one program that was reaped is refused as gone", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const asked = link.background.find(ID, never);
    const open = await guest.next("OPEN");
    assert.deepEqual(parseFields(open.payload), { op: "background", action: "list", id: ID });
    guest.send("CLOSE", open.stream, fieldsIn("close-gone"));
    await assert.rejects(asked, { details: { reason: "gone" } });
  });

  test("logs are records, cut anywhere, as their golden bytes say", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const records = bytesOf("data-records");
    const asked = link.background.logs(ID, { fromId: 3, follow: true }, never);
    const { stream } = await guest.next("OPEN");
    guest.send("EVENT", stream, fieldsIn("event-opened-logs"));
    for (let at = 0; at < records.length; at += 5) {
      guest.send("DATA", stream, records.subarray(at, at + 5));
    }
    guest.send("END", stream);
    guest.send("CLOSE", stream, { ok: true, bytes: records.length });
    const logs = await asked;
    assert.deepEqual([logs.pid, logs.note], [12, "base64"]);
    const found = await Array.fromAsync(logs.records);
    assert.deepEqual(
      found.map(({ id, content }) => [
        id,
        "bytes" in content
          ? { ...content, bytes: Buffer.from(content.bytes).toString("latin1") }
          : content,
      ]),
      [
        [1, { kind: "started", pid: 12 }],
        [7, { kind: "gap", droppedBytes: 4096, droppedFrames: 6 }],
        [8, { kind: "stdout", bytes: "out\n" }],
        [9, { kind: "stderr", bytes: "\u00ff" }],
        [10, { kind: "exit", exitCode: 143, signal: "TERM" }],
      ],
    );
    assert.deepEqual(found[0]?.at, new Date(1_764_000_000_123));
  });

  test("a terminal is followed, typed at and resized on one stream, until it is left", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const leaving = new AbortController();
    const asked = link.background.attach(ID, 1, leaving.signal);
    const open = await guest.next("OPEN");
    const request = { op: "background", action: "logs", id: ID, fromId: 1, follow: true };
    assert.deepEqual(parseFields(open.payload), request);
    guest.send("EVENT", open.stream, fieldsIn("event-opened-logs"));
    const terminal = await asked;
    await terminal.write(Buffer.from("ls\r"), never);
    const typed = await guest.next("DATA");
    assert.deepEqual([typed.stream, typed.payload.toString()], [open.stream, "ls\r"]);
    terminal.resize({ cols: 100, rows: 30 });
    const control = await guest.next("CONTROL");
    assert.deepEqual(parseFields(control.payload), { resize: { cols: 100, rows: 30 } });
    guest.send("DATA", open.stream, bytesOf("data-records"));
    const records = terminal.records[Symbol.asyncIterator]();
    const first = await records.next();
    assert.equal(first.done === true ? undefined : first.value.content.kind, "started");
    leaving.abort(new Error("left"));
    assert.equal((await guest.next("CANCEL")).stream, open.stream);
    await terminal.write(Buffer.from("nobody gets this"), never); // harmless
  });

  test("waiting ends with the program, or with the patience of who waits", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const waiting = link.background.wait(ID, never);
    const open = await guest.next("OPEN");
    guest.send("END", open.stream);
    guest.send("CLOSE", open.stream, fieldsIn("close-background-end"));
    const endedAt = new Date(1_764_000_000_123);
    assert.deepEqual(await waiting, { exitCode: 143, signal: "TERM", endedAt });

    const patience = new AbortController();
    const inVain = link.background.wait(ID, patience.signal);
    const second = await guest.next("OPEN");
    patience.abort(new Error("long enough"));
    await assert.rejects(inVain, /long enough/);
    assert.equal((await guest.next("CANCEL")).stream, second.stream);
  });

  test("logs that nobody reads any more are cancelled", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const asked = link.background.logs(ID, { fromId: 1, follow: true }, never);
    const { stream } = await guest.next("OPEN");
    guest.send("EVENT", stream, fieldsIn("event-opened-logs"));
    guest.send("DATA", stream, bytesOf("data-records"));
    for await (const record of (await asked).records) {
      assert.equal(record.id, 1);
      break;
    }
    assert.equal((await guest.next("CANCEL")).stream, stream);
  });

  const records = bytesOf("data-records");
  const hostile: readonly (readonly [what: string, bytes: Buffer])[] = [
    ["a record that is too long", Buffer.concat([Buffer.from([0, 0, 2, 0]), records.subarray(4)])],
    ["a kind that there is not", Buffer.concat([records.subarray(0, 4), Buffer.alloc(40, 9)])],
    ["an id beyond all numbers", Buffer.concat([records.subarray(0, 5), Buffer.alloc(60, 0xff)])],
    ["half a record at the end", records.subarray(0, 25)],
  ];
  for (const [what, bytes] of hostile) {
    test(`logs with ${what} cost the guest its session`, async () => {
      await using pair = await connected();
      const { guest, link } = pair;
      const asked = link.background.logs(ID, { fromId: 1, follow: false }, never);
      const { stream } = await guest.next("OPEN");
      guest.send("EVENT", stream, fieldsIn("event-opened-logs"));
      guest.send("DATA", stream, bytes);
      guest.send("END", stream);
      guest.send("CLOSE", stream, { ok: true, bytes: bytes.length });
      await assert.rejects(Array.fromAsync((await asked).records), SessionLost);
      assert.ok((await link.closed) instanceof SessionLost);
    });
  }
});

describe("watches", { timeout: 20_000 }, () => {
  test("changes are lines; who leaves stops the guest", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const asked = link.watch(wanted, never);
    const open = await guest.next("OPEN");
    assert.partialDeepStrictEqual(parseFields(open.payload), { op: "watch", paths: ["~/x"] });
    guest.send("EVENT", open.stream, { opened: {} });
    const lost = { ...change, type: "overflow", message: "some\u001b were lost" };
    const lines = Buffer.from(`${JSON.stringify(change)}\n${JSON.stringify(lost)}\n`);
    guest.send("DATA", open.stream, lines);
    const told = [];
    for await (const one of await asked) {
      told.push(one);
      if (told.length === 2) break;
    }
    const first = {
      type: "create",
      path: "/home/x/a",
      atNs: 1_764_000_000_123_456_789n,
      sizeBytes: 5,
      isDirectory: false,
      message: undefined,
    };
    assert.deepEqual(told, [first, { ...first, type: "overflow", message: "some were lost" }]);
    assert.equal((await guest.next("CANCEL")).stream, open.stream);
  });

  for (const wrong of [{ type: "door" }, { timeNs: "now" }, { directory: 1 }, { path: 7 }]) {
    test(`a change with ${JSON.stringify(wrong)} costs the guest its session`, async () => {
      await using pair = await connected();
      const { guest, link } = pair;
      const asked = link.watch(wanted, never);
      const { stream } = await guest.next("OPEN");
      guest.send("EVENT", stream, { opened: {} });
      guest.send("DATA", stream, Buffer.from(`${JSON.stringify({ ...change, ...wrong })}\n`));
      await assert.rejects(Array.fromAsync(await asked), SessionLost);
    });
  }
});

function anExec() {
  return {
    program: { kind: "argv", argv: ["sleep", "600"] },
    env: [],
    cwd: undefined,
    user: "default",
    stdin: false,
    stdout: true,
    stderr: true,
    pty: undefined,
  } as const;
}

function bytesOf(name: string): Buffer {
  const golden = fixtures.frames.find((frame) => frame.name === name);
  assert.ok(golden, name);
  return Buffer.from(golden.payloadHex, "hex");
}

function fieldsIn(name: string): object {
  return parseFields(bytesOf(name));
}

async function connected() {
  await using parts = new AsyncDisposableStack();
  const guest = parts.use(await ScriptedGuest.listen({ windowBytes: WINDOW }));
  const dialer = new AgentDialer({ clock: { now: () => new Date() } });
  const link = parts.use(await dialer.dial(guest.path, never));
  const owned = parts.move();
  return { guest, link, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { type GuestCopyIn, type GuestExec, SessionLost } from "#core/ports/guest-link.ts";
import { ScriptedGuest } from "#testing/scripted-guest.ts";

import { AgentDialer } from "./agent-dialer.ts";
import { type Fields, parseFields } from "./fields.ts";
import type { Frame } from "./frames.ts";

const never = new AbortController().signal;
const WINDOW = 262_144;

const root = { uid: 0, gid: undefined };
const cat: GuestExec = {
  program: { kind: "argv", argv: ["cat"] },
  env: [],
  cwd: undefined,
  user: root,
  stdin: true,
  stdout: true,
  stderr: true,
  pty: undefined,
};
const toTmp: GuestCopyIn = {
  path: "/tmp/x",
  format: "file",
  user: root,
  mode: 0o644,
  placement: { kind: "exact" },
  unpackedSizeBytes: undefined,
};
const fromTmp = { path: "/tmp/x", format: "any", user: root, exclude: [] } as const;

describe("agent link", { timeout: 20_000 }, () => {
  test("health: asked and answered", async () => {
    await using pair = await connected();
    const asked = pair.link.health(never);
    const open = await pair.guest.next("OPEN");
    assert.deepEqual(jsonOf(open), { op: "health" });
    pair.guest.send("CLOSE", open.stream, {
      ok: true,
      agentVersion: "0.0.1",
      agentUptimeNs: 1,
      systemUptimeNs: 2,
      hostname: "vm\u001b[1m",
      bootId: "b-1",
      userdata: { ran: true, exitCode: 3 },
    });
    assert.partialDeepStrictEqual(await asked, { hostname: "vm[1m", userdata: { exitCode: 3 } });
  });

  test("a refusal names its reason, with its message made safe to show", async () => {
    await using pair = await connected();
    const asked = pair.link.power("poweroff", never);
    const open = await pair.guest.next("OPEN");
    const message = `no\u0007 power\n${"x".repeat(2000)}`;
    pair.guest.send("CLOSE", open.stream, { ok: false, code: "io", message });
    const error = await failureOf(asked);
    assert.ok(AlcoveError.is(error, "guest_refused"));
    assert.equal(error.details.reason, "io");
    assert.match(error.message, /^no power x+…?$/);
    assert.ok(error.message.length <= 500);
  });

  test("exec: output on both channels, input, and the end", async () => {
    await using pair = await connected();
    const starting = pair.link.exec(cat, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { started: { pid: 7 } });
    const process = await starting;
    assert.equal(process.pid, 7);

    await process.write(Buffer.from("hello"), never);
    process.resize({ cols: 100, rows: 30 });
    process.kill("TERM");
    process.endInput();
    assert.equal((await pair.guest.nextData(stream, 5)).toString(), "hello");
    assert.deepEqual(jsonOf(await pair.guest.next("CONTROL")), { resize: { cols: 100, rows: 30 } });
    assert.deepEqual(jsonOf(await pair.guest.next("CONTROL")), { signal: "TERM" });
    await pair.guest.next("END");

    pair.guest.send("DATA", stream, Buffer.from("out"));
    pair.guest.send("DATA_ERR", stream, Buffer.from("err"));
    pair.guest.send("END", stream);
    pair.guest.send("CLOSE", stream, { ok: true, exitCode: 143, signal: "TERM" });
    const said: string[] = [];
    for await (const { stream: channel, bytes } of process.output)
      said.push(`${channel}:${text(bytes)}`);
    assert.deepEqual(said, ["stdout:out", "stderr:err"]);
    assert.deepEqual(await process.ended, { exitCode: 143, signal: "TERM" });
    await process.write(Buffer.from("too late"), never);
  });

  test("exec: aborting the start sends CANCEL and rejects with the signal's reason", async () => {
    await using pair = await connected();
    const caller = new AbortController();
    const starting = pair.link.exec(cat, caller.signal);
    const { stream } = await pair.guest.next("OPEN");
    caller.abort(new Error("client left"));
    await assert.rejects(starting, /client left/);
    assert.equal((await pair.guest.next("CANCEL")).stream, stream);
    // What crosses the CANCEL is of no more interest, and does no harm.
    pair.guest.send("EVENT", stream, { started: { pid: 7 } });
    pair.guest.send("DATA", stream, Buffer.from("late"));
    pair.guest.send("CLOSE", stream, { ok: false, code: "cancelled", message: "cancelled" });
    await stillAnswers(pair);
  });

  test("exec: a cancelled process rejects its output and its end", async () => {
    await using pair = await connected();
    const starting = pair.link.exec(cat, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { started: { pid: 7 } });
    const process = await starting;
    process.cancel();
    process.cancel();
    await pair.guest.next("CANCEL");
    pair.guest.send("CLOSE", stream, { ok: false, code: "cancelled", message: "killed" });
    const error = await failureOf(process.ended);
    assert.ok(AlcoveError.is(error, "guest_refused") && error.details.reason === "cancelled");
    assert.equal(await failureOf(process.output[Symbol.asyncIterator]().next()), error);
    assert.deepEqual(pair.guest.waitingTypes(), []);
  });

  test("writing stops without credit and goes on with it, in order", async () => {
    await using pair = await connected(64 * 1024);
    const starting = pair.link.exec(cat, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { started: { pid: 7 } });
    const process = await starting;
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    const writing = [process.write(bytes, never), process.write(Buffer.from("tail"), never)];
    process.endInput();

    const first = await pair.guest.nextData(stream, 64 * 1024);
    await stillAnswers(pair); // the session is not held up by the stream that is
    assert.deepEqual(pair.guest.waitingTypes(), []);
    pair.guest.credit(stream, bytes.length);
    const rest = await pair.guest.nextData(stream, bytes.length + 4 - first.length);
    assert.ok(Buffer.concat([first, rest]).equals(Buffer.concat([bytes, Buffer.from("tail")])));
    await Promise.all(writing);
    await pair.guest.next("END");
  });

  test("a write that waits for credit obeys its signal", async () => {
    await using pair = await connected(64 * 1024);
    const starting = pair.link.exec(cat, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { started: { pid: 7 } });
    const process = await starting;
    const caller = new AbortController();
    const writing = process.write(Buffer.alloc(100_000), caller.signal);
    await pair.guest.nextData(stream, 64 * 1024);
    caller.abort(new Error("client left"));
    await assert.rejects(writing, /client left/);
  });

  test("unread output is bounded by the window, and credited as it is read", async () => {
    await using pair = await connected();
    const starting = pair.link.exec(cat, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { started: { pid: 7 } });
    const process = await starting;
    for (let sent = 0; sent < WINDOW; sent += 32_768) {
      pair.guest.send("DATA", stream, Buffer.alloc(32_768));
    }
    await stillAnswers(pair);
    assert.deepEqual(pair.guest.waitingTypes(), []);
    const output = process.output[Symbol.asyncIterator]();
    for (let read = 0; read < WINDOW;) read += (await output.next()).value?.bytes.length ?? 0;
    let credited = 0;
    while (credited < WINDOW) {
      credited += Buffer.from((await pair.guest.next("CREDIT")).payload).readUInt32LE();
    }
    assert.equal(credited, WINDOW);
  });

  test("copy in: content waits until the guest is ready, and its size is checked", async () => {
    await using pair = await connected();
    let asked = 0;
    const content = pieces(3, () => (asked += 1));
    const copying = pair.link.copyIn(toTmp, content, never);
    const { stream, payload } = await pair.guest.next("OPEN");
    assert.partialDeepStrictEqual(jsonOf({ payload }), {
      op: "copyIn",
      mode: 0o644,
      makeParents: true,
    });
    await stillAnswers(pair);
    assert.equal(asked, 0);
    pair.guest.send("EVENT", stream, { ready: {} });
    await pair.guest.nextData(stream, 30);
    await pair.guest.next("END");
    const copied = { path: "/tmp/x", bytes: 30, files: 1, directories: 0, skipped: 0 };
    pair.guest.send("CLOSE", stream, { ok: true, ...copied });
    assert.deepEqual(await copying, copied);
  });

  test("copy in: a result that does not match what was sent ends the session", async () => {
    await using pair = await connected();
    const copying = pair.link.copyIn(toTmp, pieces(3), never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { ready: {} });
    await pair.guest.next("END");
    const copied = { path: "/tmp/x", bytes: 29, files: 1, directories: 0, skipped: 0 };
    pair.guest.send("CLOSE", stream, { ok: true, ...copied });
    await assert.rejects(copying, SessionLost);
  });

  test("copy in: a refusal in the middle wins over content that never comes", async () => {
    await using pair = await connected();
    let returned = false;
    const stuck: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => {
          returned = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const copying = pair.link.copyIn(toTmp, stuck, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { ready: {} });
    pair.guest.send("CLOSE", stream, { ok: false, code: "no_space", message: "the disk is full" });
    await assert.rejects(copying, /the disk is full/);
    assert.ok(returned);
  });

  test("copy in: aborting sends CANCEL, waits for the guest's CLOSE, and gives the reason back", async () => {
    await using pair = await connected();
    const caller = new AbortController();
    const copying = pair.link.copyIn(toTmp, pieces(1_000_000), caller.signal);
    let settled = false;
    copying.catch(() => (settled = true));
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { ready: {} });
    await pair.guest.nextData(stream, 100);
    caller.abort(new Error("client left"));
    await pair.guest.next("CANCEL");
    assert.equal(settled, false);
    pair.guest.send("CLOSE", stream, { ok: false, code: "cancelled", message: "cancelled" });
    await assert.rejects(copying, /client left/);
  });

  test("copy in: content that fails cancels the copy", async () => {
    await using pair = await connected();
    const broken = (async function* () {
      yield Buffer.from("half");
      throw new Error("upload cut");
    })();
    const copying = pair.link.copyIn(toTmp, broken, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { ready: {} });
    await pair.guest.next("CANCEL");
    pair.guest.send("CLOSE", stream, { ok: false, code: "cancelled", message: "cancelled" });
    await assert.rejects(copying, /upload cut/);
  });

  test("copy out: facts first, then the content to its end", async () => {
    await using pair = await connected();
    const opening = pair.link.copyOut(fromTmp, never);
    const { stream } = await pair.guest.next("OPEN");
    const source = { type: "file", name: "x", size: 6, mode: 0o600 };
    pair.guest.send("EVENT", stream, { source });
    pair.guest.send("DATA", stream, Buffer.from("abc"));
    pair.guest.send("DATA", stream, Buffer.from("def"));
    pair.guest.send("END", stream);
    pair.guest.send("CLOSE", stream, { ok: true, bytes: 6 });
    const { content, ...facts } = await opening;
    assert.partialDeepStrictEqual(facts, { type: "file", name: "x", sizeBytes: 6, mode: 0o600 });
    assert.equal(text(Buffer.concat(await Array.fromAsync(content))), "abcdef");
  });

  test("copy out: a failure in the middle is a failure of the content", async () => {
    await using pair = await connected();
    const opening = pair.link.copyOut(fromTmp, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { source: { type: "directory", name: "x", mode: 0o755 } });
    pair.guest.send("DATA", stream, Buffer.from("abc"));
    pair.guest.send("CLOSE", stream, { ok: false, code: "io", message: "x: it shrank" });
    const { content } = await opening;
    await assert.rejects(Array.fromAsync(content), /it shrank/);
  });

  test("copy out: fewer bytes than the guest says it sent is no success", async () => {
    await using pair = await connected();
    const opening = pair.link.copyOut(fromTmp, never);
    const { stream } = await pair.guest.next("OPEN");
    pair.guest.send("EVENT", stream, { source: { type: "directory", name: "x", mode: 0o755 } });
    pair.guest.send("END", stream);
    pair.guest.send("CLOSE", stream, { ok: true, bytes: 1 });
    const { content } = await opening;
    await assert.rejects(Array.fromAsync(content), SessionLost);
  });

  for (const [what, said] of [
    ["more", "abcdefg"],
    ["fewer", "abcde"],
  ] as const) {
    test(`copy out: ${what} bytes of a file than its size never pass for the file`, async () => {
      await using pair = await connected();
      const opening = pair.link.copyOut(fromTmp, never);
      const { stream } = await pair.guest.next("OPEN");
      const source = { type: "file", name: "x", size: 6, mode: 0o600 };
      pair.guest.send("EVENT", stream, { source });
      pair.guest.send("DATA", stream, Buffer.from(said));
      pair.guest.send("CLOSE", stream, { ok: true, bytes: said.length });
      const { content } = await opening;
      let received = 0;
      const reading = async () => {
        for await (const bytes of content) received += bytes.length;
      };
      await assert.rejects(reading(), SessionLost);
      assert.ok(received <= 6);
    });
  }

  test("copy out: a reader that leaves, and a signal that aborts, cancel it", async () => {
    await using pair = await connected();
    const caller = new AbortController();
    for (const leave of ["break", "never read", "abort"]) {
      const opening = pair.link.copyOut(fromTmp, caller.signal);
      const { stream } = await pair.guest.next("OPEN");
      pair.guest.send("EVENT", stream, { source: { type: "directory", name: "x", mode: 0o755 } });
      pair.guest.send("DATA", stream, Buffer.from("abc"));
      const content = (await opening).content[Symbol.asyncIterator]();
      if (leave !== "never read") await content.next();
      if (leave !== "abort") await content.return?.();
      else caller.abort(new Error("client left"));
      assert.equal((await pair.guest.next("CANCEL")).stream, stream);
      if (leave === "abort") await assert.rejects(content.next(), /client left/);
    }
  });

  test("a request that does not fit into one frame is the caller's mistake", async () => {
    await using pair = await connected();
    const program = { kind: "argv", argv: ["echo", "x".repeat(70_000)] } as const;
    const error = await failureOf(pair.link.exec({ ...cat, program }, never));
    assert.ok(AlcoveError.is(error, "invalid_request"));
    await stillAnswers(pair);
  });

  test("more than 64 streams are refused as busy", async () => {
    await using pair = await connected();
    const caller = new AbortController();
    const asked = Array.from({ length: 64 }, () => failureOf(pair.link.health(caller.signal)));
    const error = await failureOf(pair.link.health(never));
    assert.ok(AlcoveError.is(error, "guest_refused") && error.details.reason === "busy");
    caller.abort();
    await Promise.all(asked);
  });
});

async function connected(windowBytes = WINDOW) {
  await using parts = new AsyncDisposableStack();
  const guest = parts.use(await ScriptedGuest.listen({ windowBytes }));
  const dialer = new AgentDialer({ clock: { now: () => new Date() } });
  const link = parts.use(await dialer.dial(guest.path, never));
  const owned = parts.move();
  return { guest, link, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A question is answered: the session lives, and all frames sent before have been dealt with. */
async function stillAnswers({ guest, link }: Awaited<ReturnType<typeof connected>>): Promise<void> {
  const asked = link.power("reboot", never);
  const open = await guest.next("OPEN");
  guest.send("CLOSE", open.stream, { ok: true });
  await asked;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it should have failed");
}

async function* pieces(count: number, onAsk = () => {}): AsyncGenerator<Uint8Array> {
  for (let turn = 0; turn < count; turn += 1) {
    onAsk();
    yield Buffer.from("ten bytes\n");
  }
}

function jsonOf({ payload }: Pick<Frame, "payload">): Fields {
  return parseFields(payload);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

/** Connections and file operations: what the host sends for them, and what it makes of the answers. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { GuestPath } from "#core/ports/guest-files.ts";
import { SessionLost } from "#core/ports/guest-link.ts";
import { ScriptedGuest } from "#testing/scripted-guest.ts";

import { AgentDialer } from "./agent-dialer.ts";
import { parseFields } from "./fields.ts";

const never = new AbortController().signal;
const WINDOW = 262_144;
const tmp: GuestPath = { path: "/tmp", user: { uid: 0, gid: undefined } };
const entry = { name: "a", type: "file", size: 1, mtimeNs: "1764000000123456789", mode: 0o644 };
const owned = { ...entry, uid: 1000, gid: 42 };
const read = {
  name: "a",
  type: "file",
  sizeBytes: 1,
  mtimeNs: 1_764_000_000_123_456_789n,
  mode: 0o644,
};

describe("connections", { timeout: 20_000 }, () => {
  test("bytes go both ways, and each direction ends by itself", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const asked = link.forward({ kind: "tcp", host: "127.0.0.1", port: 80 }, never);
    const open = await guest.next("OPEN");
    const target = { host: "127.0.0.1", port: 80 };
    assert.deepEqual(parseFields(open.payload), { op: "forward", target });
    guest.send("EVENT", open.stream, { connected: {} });
    const connection = await asked;
    guest.send("DATA", open.stream, Buffer.from("hello"));
    guest.send("END", open.stream);
    const parts = await Array.fromAsync(connection.output);
    assert.equal(Buffer.concat(parts).toString(), "hello");

    await connection.write(Buffer.from("bye"), never);
    assert.equal((await guest.nextData(open.stream, 3)).toString(), "bye");
    connection.endInput();
    await guest.next("END");
    guest.send("CLOSE", open.stream, { ok: true, sent: 3, received: 5 });
    assert.deepEqual(await connection.ended, { sentBytes: 3, receivedBytes: 5 });
  });

  test("refused, cut and cancelled", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const refused = link.forward({ kind: "unix", path: "/run/x" }, never);
    const first = await guest.next("OPEN");
    assert.deepEqual(parseFields(first.payload), { op: "forward", target: { unix: "/run/x" } });
    guest.send("CLOSE", first.stream, { ok: false, code: "not_found", message: "/run/x: none" });
    await assert.rejects(refused, { details: { reason: "not_found" } });

    const asked = link.forward({ kind: "unix", path: "/run/y" }, never);
    const second = await guest.next("OPEN");
    guest.send("EVENT", second.stream, { connected: {} });
    const connection = await asked;
    guest.send("CLOSE", second.stream, { ok: false, code: "io", message: "reset" });
    await assert.rejects(Array.fromAsync(connection.output), { details: { reason: "io" } });
    await assert.rejects(connection.ended, { details: { reason: "io" } });

    const caller = new AbortController();
    const pending = link.forward({ kind: "unix", path: "/run/z" }, caller.signal);
    const third = await guest.next("OPEN");
    caller.abort(new Error("left"));
    await assert.rejects(pending, /left/);
    assert.equal((await guest.next("CANCEL")).stream, third.stream);
  });
});

describe("files", { timeout: 20_000 }, () => {
  test("stat, mkdir and remove are one question and one answer", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const asked = link.stat(tmp, never);
    const open = await guest.next("OPEN");
    assert.deepEqual(parseFields(open.payload), { op: "fs", action: "stat", ...plain(tmp) });
    guest.send("CLOSE", open.stream, { ok: true, entry });
    assert.deepEqual(await asked, read);

    const making = link.makeDirectory({ ...tmp, recursive: true, mode: 0o700 }, never);
    const mkdir = await guest.next("OPEN");
    const wanted = { op: "fs", action: "mkdir", ...plain(tmp), recursive: true, mode: 0o700 };
    assert.deepEqual(parseFields(mkdir.payload), wanted);
    guest.send("CLOSE", mkdir.stream, { ok: true });
    await making;

    const removing = link.remove({ ...tmp, recursive: false }, never);
    const remove = await guest.next("OPEN");
    assert.deepEqual(parseFields(remove.payload), { ...plain(tmp), ...removal });
    guest.send("CLOSE", remove.stream, { ok: false, code: "bad_request", message: "not empty" });
    await assert.rejects(removing, { details: { reason: "bad_request" } });
  });

  test("a listing comes in pieces cut anywhere", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const odd = { ...entry, name: 'tab\tend\n"ü', mtimeNs: "-1", size: 1e19 };
    const text = [entry, odd, owned].map((it) => `${JSON.stringify(it)}\n`).join("");
    const lines = Buffer.from(text);
    const asked = link.readDirectory(tmp, never);
    const open = await guest.next("OPEN");
    guest.send("EVENT", open.stream, { opened: {} });
    for (let at = 0; at < lines.length; at += 7) {
      guest.send("DATA", open.stream, lines.subarray(at, at + 7));
    }
    guest.send("END", open.stream);
    guest.send("CLOSE", open.stream, { ok: true, bytes: lines.length });
    const sizeBytes = Number.MAX_SAFE_INTEGER;
    const found = await Array.fromAsync(await asked);
    assert.deepEqual(found, [
      read,
      { ...read, name: odd.name, mtimeNs: -1n, sizeBytes },
      { ...read, owner: { uid: 1000, gid: 42 } },
    ]);
  });

  test("a listing that is refused has no entries; one that is left is cancelled", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const refused = link.readDirectory(tmp, never);
    const first = await guest.next("OPEN");
    guest.send("CLOSE", first.stream, { ok: false, code: "not_directory", message: "a file" });
    await assert.rejects(refused, { details: { reason: "not_directory" } });

    const asked = link.readDirectory(tmp, never);
    const second = await guest.next("OPEN");
    guest.send("EVENT", second.stream, { opened: {} });
    guest.send("DATA", second.stream, Buffer.from(`${JSON.stringify(entry)}\n`));
    for await (const found of await asked) {
      assert.equal(found.name, "a");
      break;
    }
    assert.equal((await guest.next("CANCEL")).stream, second.stream);
  });

  const hostile: readonly (readonly [what: string, text: string])[] = [
    ["a name that leads elsewhere", `${JSON.stringify({ ...entry, name: "../x" })}\n`],
    ["a name of dots", `${JSON.stringify({ ...entry, name: ".." })}\n`],
    ["an empty name", `${JSON.stringify({ ...entry, name: "" })}\n`],
    ["a kind that there is not", `${JSON.stringify({ ...entry, type: "door" })}\n`],
    ["a time that is none", `${JSON.stringify({ ...entry, mtimeNs: "today" })}\n`],
    ["an owner that is none", `${JSON.stringify({ ...owned, gid: -1 })}\n`],
    ["half an owner", `${JSON.stringify({ ...entry, uid: 0 })}\n`],
    ["no JSON", "{\n"],
    ["a line without an end", "x".repeat(5000)],
    ["half an entry at the end", JSON.stringify(entry)],
  ];
  for (const [what, text] of hostile) {
    test(`a listing with ${what} costs the guest its session`, async () => {
      await using pair = await connected();
      const { guest, link } = pair;
      const asked = link.readDirectory(tmp, never);
      const open = await guest.next("OPEN");
      guest.send("EVENT", open.stream, { opened: {} });
      guest.send("DATA", open.stream, Buffer.from(text));
      guest.send("END", open.stream);
      guest.send("CLOSE", open.stream, { ok: true, bytes: text.length });
      await assert.rejects(Array.fromAsync(await asked), SessionLost);
      assert.ok((await link.closed) instanceof SessionLost);
    });
  }
});

const removal = { op: "fs", action: "remove", recursive: false };

function plain({ path }: GuestPath) {
  return { path, user: { uid: 0 } };
}

async function connected() {
  await using parts = new AsyncDisposableStack();
  const guest = parts.use(await ScriptedGuest.listen({ windowBytes: WINDOW }));
  const dialer = new AgentDialer({ clock: { now: () => new Date() } });
  const link = parts.use(await dialer.dial(guest.path, never));
  const stage = parts.move();
  return { guest, link, [Symbol.asyncDispose]: () => stage.disposeAsync() };
}

/** What a guest may try against the host: each costs it its session, and nothing else. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { type GuestExec, type GuestLink, SessionLost } from "#core/ports/guest-link.ts";
import { ScriptedGuest } from "#testing/scripted-guest.ts";

import { AgentDialer } from "./agent-dialer.ts";
import { BrokenStream, encodeFrame } from "./frames.ts";

const never = new AbortController().signal;

const shell: GuestExec = {
  program: { kind: "auto", command: "yes" },
  env: [],
  cwd: undefined,
  user: "default",
  stdin: false,
  stdout: true,
  stderr: true,
  pty: undefined,
};

type Attack = (guest: ScriptedGuest, stream: number) => void;

/** Each is tried on a session with one process running on `stream`. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  "data over its credit": (guest, stream) => {
    for (let sent = 0; sent <= 262_144; sent += 65_536) {
      guest.send("DATA", stream, Buffer.alloc(65_536));
    }
  },
  "data after its end": (guest, stream) => {
    guest.send("END", stream);
    guest.send("DATA", stream, Buffer.from("more"));
  },
  "frames for a stream that never was": (guest, stream) => guest.send("END", stream + 1),
  "an unknown frame type": (guest) => guest.sendRaw(Buffer.from("0f01000000000000", "hex")),
  "a frame over the limit": (guest) => guest.sendRaw(Buffer.from("0501000000010001", "hex")),
  "requests of its own": (guest, stream) => guest.send("OPEN", stream, { op: "health" }),
  "a HELLO": (guest) => guest.send("HELLO", 0, Buffer.alloc(40)),
  "a WELCOME to somebody else": (guest) => guest.send("WELCOME", 0, Buffer.alloc(40)),
  "data on the connection itself": (guest) => guest.send("DATA", 0, Buffer.from("x")),
  "a result that is not JSON": (guest, stream) => guest.send("CLOSE", stream, Buffer.from("{")),
  "a result that is no object": (guest, stream) => guest.send("CLOSE", stream, Buffer.from("[]")),
  "a result without ok": (guest, stream) => guest.send("CLOSE", stream, { exitCode: 0 }),
  "an exit code that is none": (guest, stream) =>
    guest.send("CLOSE", stream, { ok: true, exitCode: 1e300 }),
  "a refusal of its own invention": (guest, stream) =>
    guest.send("CLOSE", stream, { ok: false, code: "because", message: "" }),
  "JSON nested without end": (guest, stream) =>
    guest.send("CLOSE", stream, Buffer.from(`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`)),
  "credit of three bytes": (guest, stream) => guest.send("CREDIT", stream, Buffer.alloc(3)),
  "a PING of the wrong length": (guest) => guest.send("PING", 0, Buffer.alloc(60_000)),
  "an endless flood of padding": (guest) => guest.sendRaw(Buffer.alloc(1_000_000)),
  "an endless flood of empty frames": (guest, stream) =>
    guest.sendRaw(
      Buffer.concat(Array.from({ length: 110_000 }, () => encodeFrame("DATA", stream))),
    ),
  "an endless flood of large events": (guest, stream) => {
    const event = encodeFrame("EVENT", stream, Buffer.from(`{"a":"${"x".repeat(60_000)}"}`));
    for (let sent = 0; sent < 500; sent += 1) guest.sendRaw(event);
  },
  "an endless flood of PINGs": (guest) => {
    const ping = encodeFrame("PING", 0, Buffer.alloc(8));
    guest.sendRaw(Buffer.concat(Array.from({ length: 110_000 }, () => ping)));
  },
};

describe("hostile guest", { timeout: 30_000 }, () => {
  for (const [name, attack] of Object.entries(ATTACKS)) {
    test(`${name}: the session is over`, async () => {
      await using guest = await ScriptedGuest.listen();
      await using link = await new AgentDialer({ clock: { now: () => new Date() } }).dial(
        guest.path,
        never,
      );
      const { process, stream } = await started(guest, link);
      attack(guest, stream);
      await assert.rejects(process.ended, SessionLost);
      const reason = await link.closed;
      assert.ok(reason.cause instanceof BrokenStream, String(reason.cause));
      await guest.hungUp();
    });
  }

  test("unknown events and fields, and frames that cross a CLOSE, are only ignored", async () => {
    await using guest = await ScriptedGuest.listen();
    await using link = await new AgentDialer({ clock: { now: () => new Date() } }).dial(
      guest.path,
      never,
    );
    const { process, stream } = await started(guest, link);
    guest.send("EVENT", stream, { news: { of: "a later version" } });
    guest.send("CLOSE", stream, { ok: true, exitCode: 0, extra: [1, 2], __proto__: null });
    guest.credit(stream, 100);
    guest.send("END", stream);
    assert.deepEqual(await process.ended, { exitCode: 0, signal: undefined });
    await started(guest, link);
  });

  test("a result of something that never started breaks the protocol", async () => {
    await using guest = await ScriptedGuest.listen();
    await using link = await new AgentDialer({ clock: { now: () => new Date() } }).dial(
      guest.path,
      never,
    );
    const starting = link.exec(shell, never);
    const { stream } = await guest.next("OPEN");
    guest.send("CLOSE", stream, { ok: true, exitCode: 0 });
    await assert.rejects(starting, SessionLost);
  });
});

async function started(guest: ScriptedGuest, link: GuestLink) {
  const starting = link.exec(shell, never);
  const { stream } = await guest.next("OPEN");
  guest.send("EVENT", stream, { started: { pid: 2 } });
  return { process: await starting, stream };
}

/** How sessions begin, live and end, against a scripted guest on a real socket. */

import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { describe, test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { type GuestLink, type GuestProcess, SessionLost } from "#core/ports/guest-link.ts";
import { ScriptedGuest, type ScriptedGuestOptions } from "#testing/scripted-guest.ts";

import { AgentDialer } from "./agent-dialer.ts";
import { encodeFrame, encodeHeader } from "./frames.ts";

const never = new AbortController().signal;
const clock = { now: () => new Date() };

describe("dialling", { timeout: 20_000 }, () => {
  test("a fresh agent is welcomed at the first HELLO", async () => {
    await using pair = await connected();
    assert.deepEqual(pair.link.agent, {
      version: "0.0.1",
      bootId: "b-1",
      init: "alcove",
      features: ["exec", "copy"],
    });
    assert.equal(pair.guest.hellos, 1);
  });

  test("an agent in the middle of a frame of an earlier daemon is padded out of it", async () => {
    await using pair = await connected({ unfinishedBytes: 65_536 });
    await stillAnswers(pair);
  });

  test("what an earlier session left on the way is thrown away", async () => {
    const leftovers = Buffer.concat([
      Buffer.from("rest of some output"),
      encodeFrame("WELCOME", 0, Buffer.alloc(40)),
      encodeFrame("CLOSE", 3, Buffer.from("{}")),
      encodeHeader("DATA", 9, 65_536),
    ]);
    await using pair = await connected({ leftovers });
    await stillAnswers(pair);
  });

  test("an agent that was not ready for the first HELLO gets another; a second WELCOME does no harm", async () => {
    await using pair = await connected({ ignoredHellos: 1, welcomesEach: 3 });
    assert.equal(pair.guest.hellos, 2);
    await stillAnswers(pair);
  });

  test("an agent that says it is awake gets its HELLO at once", async () => {
    await using guest = await ScriptedGuest.listen({ ignoredHellos: 1 });
    const dialling = new AgentDialer({ clock }).dial(guest.path, never);
    while (guest.hellos === 0) await new Promise(setImmediate);
    const startedAt = performance.now();
    while (guest.hellos === 1) {
      guest.send("AWAKE", 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(performance.now() - startedAt < 150);
    await using link = await dialling;
    assert.equal(link.agent.version, "0.0.1");
  });

  test("an agent of another protocol is refused in a sentence that names both", async () => {
    await using guest = await ScriptedGuest.listen({ welcome: { protocol: 2 } });
    const error = await failureOf(new AgentDialer({ clock }).dial(guest.path, never));
    assert.ok(AlcoveError.is(error, "guest_refused"));
    assert.equal(error.message, "The agent speaks guest protocol 2, this daemon speaks 1");
    await guest.hungUp();
  });

  for (const [name, welcome] of Object.entries({
    "an empty WELCOME": {},
    "a window of nothing": {
      protocol: 1,
      agent: "1",
      window: 0,
      features: [],
      bootId: "",
      init: "alcove",
    },
    "a window of everything": {
      protocol: 1,
      agent: "1",
      window: 2 ** 31,
      features: [],
      bootId: "",
      init: "alcove",
    },
    "a version of a million characters": { protocol: 1, agent: "x".repeat(60_000), window: 65_536 },
  })) {
    test(`${name} is no agent of ours`, async () => {
      await using guest = await ScriptedGuest.listen({ welcome });
      await assert.rejects(new AgentDialer({ clock }).dial(guest.path, never), SessionLost);
      await guest.hungUp();
    });
  }

  test("a socket that does not exist yet, or refuses, is waited for", async () => {
    await using guest = await ScriptedGuest.listen();
    const hidden = `${guest.path}.hidden`;
    await rename(guest.path, hidden);
    const dialling = new AgentDialer({ clock }).dial(guest.path, never);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await rename(hidden, guest.path);
    await using link = await dialling;
    assert.equal(link.agent.version, "0.0.1");
  });

  test("a socket that never comes is given up with the signal's reason", async () => {
    const caller = new AbortController();
    const dialling = new AgentDialer({ clock }).dial("/nonexistent/agent.sock", caller.signal);
    setImmediate(() => caller.abort(new Error("the machine has ended")));
    await assert.rejects(dialling, /the machine has ended/);
  });

  test("an agent that never answers is waited for until the signal aborts", async () => {
    await using guest = await ScriptedGuest.listen({ ignoredHellos: 1000 });
    const deadline = AbortSignal.timeout(300);
    await assert.rejects(new AgentDialer({ clock }).dial(guest.path, deadline), {
      name: "TimeoutError",
    });
    await guest.hungUp();
  });

  test("an agent that hangs up before it answers is dialled again", async () => {
    await using guest = await ScriptedGuest.listen({ ignoredHellos: 1 });
    const dialling = new AgentDialer({ clock }).dial(guest.path, never);
    while (guest.hellos === 0) await new Promise(setImmediate);
    guest.hangUp();
    await using link = await dialling;
    assert.equal(guest.hellos, 2);
    assert.equal(link.agent.bootId, "b-1");
  });
});

describe("the end of a session", { timeout: 20_000 }, () => {
  test("a guest that hangs up: everything pending is rejected, once", async () => {
    await using pair = await connected();
    const asked = [pair.link.health(never), pair.link.stats(never)];
    await pair.guest.next("OPEN");
    pair.guest.hangUp();
    for (const one of asked) await assert.rejects(one, SessionLost);
    assert.ok((await pair.link.closed) instanceof SessionLost);
    await assert.rejects(pair.link.health(never), SessionLost);
  });

  test("an agent that was restarted says AWAKE, and the session is over", async () => {
    await using pair = await connected();
    const asked = pair.link.health(never);
    await pair.guest.next("OPEN");
    pair.guest.send("AWAKE", 0);
    await assert.rejects(asked, /restarted/);
    assert.match((await pair.link.closed).message, /restarted/);
  });

  test("disposing closes the channel and rejects what is pending; twice is harmless", async () => {
    await using pair = await connected();
    const asked = failureOf(pair.link.health(never));
    await pair.link[Symbol.asyncDispose]();
    await pair.link[Symbol.asyncDispose]();
    assert.ok((await asked) instanceof SessionLost);
    await pair.guest.hungUp();
  });

  test("a process's output and end, and a write that waits, all learn of it", async () => {
    await using pair = await connected({ windowBytes: 16_384 });
    const process = await login(pair);
    const write = process.write(Buffer.alloc(100_000), never);
    const read = process.output[Symbol.asyncIterator]().next();
    await pair.guest.next("DATA");
    pair.guest.hangUp();
    for (const one of [write, read, process.ended]) await assert.rejects(one, SessionLost);
    process.cancel();
    process.kill("KILL");
    process.endInput();
  });
});

describe("a guest that stops reading", { timeout: 20_000 }, () => {
  test("bulk data waits, obeys its signal, and the session goes on afterwards", async () => {
    await using pair = await connected({ windowBytes: 4 * 1024 * 1024 });
    const process = await login(pair);
    pair.guest.setReading("stalls");
    const caller = new AbortController();
    const writes = [1, 2, 3].map(() => process.write(Buffer.alloc(1024 * 1024), caller.signal));
    const outcomes = Promise.allSettled(writes);
    await new Promise((resolve) => setTimeout(resolve, 20));
    caller.abort(new Error("client left"));
    assert.equal((await outcomes).at(-1)?.status, "rejected");
    pair.guest.setReading("reads");
    await stillAnswers(pair);
  });

  test("a flood of small orders ends the session before it fills the memory", async () => {
    await using pair = await connected();
    const process = await login(pair);
    pair.guest.setReading("stalls");
    for (let turn = 0; turn < 400_000; turn += 1) process.resize({ cols: 80, rows: 24 });
    assert.match(String((await pair.link.closed).cause), /does not read/);
    await assert.rejects(process.ended, SessionLost);
  });
});

describe("liveness", { timeout: 20_000 }, () => {
  test("a silent guest is asked, and lives if it answers", async () => {
    await using pair = await connected({}, 10);
    for (let turn = 0; turn < 3; turn += 1) {
      const ping = await pair.guest.next("PING");
      assert.equal(ping.payload.length, 8);
      pair.guest.send("PONG", 0, ping.payload);
    }
    await stillAnswers(pair);
    const { latencyMs = Number.NaN } = pair.link;
    assert.ok(latencyMs >= 0 && latencyMs < 10_000, `${latencyMs} ms`);
  });

  test("a guest that does not answer is given up, whatever else it sends", async () => {
    await using pair = await connected({}, 5);
    await pair.guest.next("PING");
    const chatter = setInterval(() => pair.guest.send("PONG", 0, Buffer.alloc(8, 0xff)), 5);
    assert.match((await pair.link.closed).message, /does not answer/);
    clearInterval(chatter);
    await pair.guest.hungUp();
  });

  test("while held, silence means nothing", async () => {
    await using pair = await connected({}, 2);
    const holds = [pair.link.holdLiveness(), pair.link.holdLiveness()];
    holds[0]?.[Symbol.dispose]();
    holds[0]?.[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 120));
    await stillAnswers(pair);
    holds[1]?.[Symbol.dispose]();
    assert.match((await pair.link.closed).message, /does not answer/);
  });

  test("the guest's own PING is answered", async () => {
    await using pair = await connected();
    pair.guest.send("PING", 0, Buffer.from("12345678"));
    assert.equal(Buffer.from((await pair.guest.next("PONG")).payload).toString(), "12345678");
  });
});

async function connected(options: ScriptedGuestOptions = {}, tickMs = 1_000) {
  await using parts = new AsyncDisposableStack();
  const guest = parts.use(await ScriptedGuest.listen(options));
  const dialer = new AgentDialer({ clock, tickMs });
  const link = parts.use(await dialer.dial(guest.path, never));
  const owned = parts.move();
  return { guest, link, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Pair {
  readonly guest: ScriptedGuest;
  readonly link: GuestLink;
}

/** A shell in a terminal, as far as the host can tell. */
async function login({ guest, link }: Pair): Promise<GuestProcess> {
  const [program, pty] = [
    { kind: "login", shell: undefined },
    { cols: 80, rows: 24 },
  ] as const;
  const output = { stdout: true, stderr: true };
  const starting = link.exec(
    { program, env: [], cwd: undefined, user: "default", stdin: true, ...output, pty },
    never,
  );
  const { stream } = await guest.next("OPEN");
  guest.send("EVENT", stream, { started: { pid: 1 } });
  return starting;
}

async function stillAnswers(pair: Pair): Promise<void> {
  const asked = pair.link.power("reboot", never);
  const open = await pair.guest.next("OPEN");
  pair.guest.send("CLOSE", open.stream, { ok: true });
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

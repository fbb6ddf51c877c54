import assert from "node:assert/strict";
import { test } from "node:test";

import type { SessionStore, StoredSession } from "#core/ports/session-store.ts";
import { MovedClock } from "#testing/moved-clock.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { AlcoveError } from "../errors.ts";
import { CUT_AFTER_MS, MAX_SESSIONS, SESSION_IDLE_MS, Sessions } from "./sessions.ts";

class MapStore implements SessionStore {
  readonly kept = new Map<string, StoredSession>();
  isFull = false;

  all(): readonly StoredSession[] {
    return Array.from(this.kept.values());
  }

  put(session: StoredSession): void {
    const details = { resource: "disk", needed: 1, available: 0 } as const;
    if (this.isFull) throw new AlcoveError("no_capacity", "The disk is full", details);
    this.kept.set(session.key, session);
  }

  remove(key: string): void {
    this.kept.delete(key);
  }
}

function stage() {
  const parts = { store: new MapStore(), clock: new MovedClock(), log: new RememberingLog() };
  return { ...parts, sessions: new Sessions(parts, "token") };
}

test("sessions: there is a bound, and the one that would end first makes room", () => {
  const { sessions, store, clock } = stage();
  const first = sessions.open("loopback");
  for (let n = 1; n < MAX_SESSIONS; n += 1) {
    clock.advance(1_000);
    sessions.open("loopback");
  }
  assert.ok(sessions.find(first.id, "loopback"));
  const last = sessions.open("network");
  assert.equal(sessions.find(first.id, "loopback"), undefined);
  assert.ok(sessions.find(last.id, "network"));
  assert.equal(store.kept.size, MAX_SESSIONS);
});

test("sessions: what has ended is cleared away by the next one, also another token's", () => {
  const { sessions, store, clock, log } = stage();
  sessions.open("loopback");
  clock.advance(SESSION_IDLE_MS + 1);
  const other = new Sessions({ store, clock, log }, "another");
  other.open("loopback");
  assert.equal(store.kept.size, 1);
});

test("sessions: on a full disk somebody can sign in all the same, until the daemon ends", () => {
  const { sessions, store, log } = stage();
  store.isFull = true;
  const { id } = sessions.open("loopback");
  assert.ok(sessions.find(id, "loopback"));
  assert.deepEqual(log.troubles(), ["session.not_stored"]);
  assert.equal(store.kept.size, 0);
});

test("sessions: what goes on in one ends with it, and nothing else does", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { sessions } = stage();
  const ended: string[] = [];
  const [mine, others] = [sessions.open("loopback"), sessions.open("loopback")].map(
    ({ id }) => sessions.find(id, "loopback") ?? assert.fail("it has ended"),
  );
  assert.ok(mine && others);
  sessions.whileOpen(mine, () => ended.push("a stream"));
  sessions.whileOpen(mine, () => ended.push("a request that was over"))();
  sessions.whileOpen(mine, () => ended.push("a terminal"));
  sessions.whileOpen(others, () => ended.push("somebody else's"));
  const leaves = sessions.whileOpen(mine, () => ended.push("a page that leaves by itself"));
  sessions.end(mine);
  sessions.end(mine);
  leaves();
  mock.timers.tick(CUT_AFTER_MS - 1);
  assert.deepEqual(ended, []);
  mock.timers.tick(1);
  assert.deepEqual(ended, ["a stream", "a terminal"]);
});

test("sessions: a stream ends with its session's time, which a page can make longer", ({
  mock,
}) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { sessions, clock, store } = stage();
  const session = sessions.find(sessions.open("loopback").id, "loopback");
  assert.ok(session);
  const ended: string[] = [];
  sessions.whileOpen(session, () => ended.push("a stream"));
  const passes = (ms: number): void => {
    clock.advance(ms);
    mock.timers.tick(ms);
  };
  passes(SESSION_IDLE_MS / 2);
  sessions.renew(session);
  passes(SESSION_IDLE_MS - 1);
  assert.deepEqual(ended, []);
  passes(1);
  passes(CUT_AFTER_MS);
  assert.deepEqual(ended, ["a stream"]);
  assert.equal(store.kept.size, 0);
});

test("sessions: no two ids are the same, and none is what is stored", () => {
  const { sessions, store } = stage();
  const ids = Array.from({ length: 100 }, () => sessions.open("loopback").id);
  assert.equal(new Set(ids).size, 100);
  for (const id of ids) assert.equal(store.kept.has(id), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { never } from "#testing/fake-host.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { AlcoveError } from "../errors.ts";
import { ImportedKeys } from "./imported-keys.ts";

function stage(ownAccount: string | undefined) {
  const asked: string[] = [];
  const state = { asked, down: false, nowMs: 0 };
  const log = new RememberingLog();
  const source = {
    async keysOf(user: string) {
      state.asked.push(user);
      if (state.down) throw new AlcoveError("keys_unavailable", "down", { user });
      return [`${user}-key-${state.asked.length}`];
    },
  };
  const clock = { now: () => new Date(state.nowMs) };
  return { state, log, keys: new ImportedKeys({ source, ownAccount, clock, log }) };
}

test("imported keys: a request's account stands in place of the host's own", async () => {
  const { keys } = stage("host");
  assert.deepEqual(await keys.keysFor("ada", never), ["ada-key-1"]);
  assert.deepEqual(await keys.keysFor(undefined, never), ["host-key-2"]);
});

test("imported keys: without any account there are none, and nobody is asked", async () => {
  const { keys, state } = stage(undefined);
  assert.deepEqual([await keys.keysFor(undefined, never), state.asked], [[], []]);
});

test("imported keys: the host's own are remembered for a while, and longer while the source is down", async () => {
  const { keys, state, log } = stage("host");
  await keys.keysFor(undefined, never);
  state.nowMs = 599_000;
  assert.deepEqual(await keys.keysFor("host", never), ["host-key-1"]);
  state.nowMs = 601_000;
  state.down = true;
  assert.deepEqual(await keys.keysFor(undefined, never), ["host-key-1"]);
  assert.deepEqual(log.troubles(), ["keys.stale"]);
  state.nowMs = 1_300_000;
  state.down = false;
  assert.deepEqual(await keys.keysFor(undefined, never), ["host-key-3"]);
});

test("imported keys: a source that never answered refuses", async () => {
  const { keys, state } = stage("host");
  state.down = true;
  await assert.rejects(keys.keysFor(undefined, never), { code: "keys_unavailable" });
});

test("imported keys: what is no account name asks nobody", async () => {
  const { keys, state } = stage("host");
  for (const account of ["", "-a", "a/b", "a?b", "a.b", "..", "a".repeat(40), "ä", "a b"]) {
    await assert.rejects(keys.keysFor(account, never), { code: "invalid_request" }, account);
  }
  assert.deepEqual(state.asked, []);
});

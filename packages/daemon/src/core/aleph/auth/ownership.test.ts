import assert from "node:assert/strict";
import { test } from "node:test";

import { SetClock } from "#testing/aleph-signers.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import type { Caller } from "../caller.ts";
import { Ownership } from "./ownership.ts";

const OWNER = "0xAbCdEf0000000000000000000000000000000001";
const FRIEND = "0x00000000000000000000000000000000000000Ff";
const friend: Caller = { kind: "wallet", address: FRIEND };
const never = new AbortController().signal;
const aggregateOf = (types: unknown) => ({ authorizations: [{ address: FRIEND, types }] });

interface Stage {
  readonly ownership: Ownership;
  readonly clock: SetClock;
  readonly log: RememberingLog;
  /** the owners whose aggregates were asked for, in order */
  readonly asked: string[];
}

function stage(aggregate: (address: string) => unknown): Stage {
  const clock = new SetClock("2025-06-01T12:00:00Z");
  const log = new RememberingLog();
  const asked: string[] = [];
  const messages = {
    aggregate: async (address: string, key: string) => {
      assert.equal(key, "security");
      asked.push(address);
      return aggregate(address);
    },
  };
  const ownership = new Ownership({ messages, delegationTtlS: 120, clock, log });
  return { ownership, clock, log, asked };
}

test("ownership: administrators may, nobody may not, and nothing is asked for that", async () => {
  const { ownership, asked } = stage(() => aggregateOf([]));
  assert.equal(await ownership.mayOperate({ kind: "administrator" }, OWNER, never), true);
  assert.equal(await ownership.mayOperate({ kind: "nobody" }, OWNER, never), false);
  assert.deepEqual(asked, []);
});

test("ownership: the owner may, in whatever case the address is written", async () => {
  const { ownership, asked } = stage(() => undefined);
  for (const address of [OWNER, OWNER.toLowerCase(), OWNER.toUpperCase()])
    assert.equal(await ownership.mayOperate({ kind: "wallet", address }, OWNER, never), true);
  assert.deepEqual(asked, []);
});

const GRANTS: readonly (readonly [string, unknown, boolean])[] = [
  ["no types", aggregateOf(undefined), true],
  ["null for types", aggregateOf(null), true],
  ["an empty list of types", aggregateOf([]), true],
  ["instances", aggregateOf(["INSTANCE"]), true],
  ["posts and instances", aggregateOf(["POST", "INSTANCE"]), true],
  ["posts", aggregateOf(["POST"]), false],
  ["instances in lower case", aggregateOf(["instance"]), false],
  ["types that are no list", aggregateOf("INSTANCE"), false],
  ["an upper-case address", { authorizations: [{ address: FRIEND.toUpperCase() }] }, true],
  ["another address", { authorizations: [{ address: OWNER }] }, false],
  [
    "entries that are no objects",
    { authorizations: ["x", null, 1, [], { address: FRIEND }] },
    true,
  ],
  ["an address that is no text", { authorizations: [{ address: 1 }] }, false],
  [
    "what chains and channels restrict",
    { authorizations: [{ address: FRIEND, chain: "SOL", channels: ["x"] }] },
    true,
  ],
  ["no list", { authorizations: { address: FRIEND } }, false],
  ["no object", [aggregateOf([])], false],
  ["nothing", undefined, false],
];

for (const [what, aggregate, expected] of GRANTS) {
  test(`ownership: an aggregate with ${what} ${expected ? "makes" : "makes no"} delegate`, async () => {
    const { ownership } = stage(() => aggregate);
    assert.equal(await ownership.mayOperate(friend, OWNER, never), expected);
  });
}

test("ownership: who may not is told so", async () => {
  const { ownership } = stage(() => undefined);
  await ownership.demand({ kind: "administrator" }, OWNER, never);
  await assert.rejects(ownership.demand(friend, OWNER, never), {
    kind: "not the owner",
    message: "Unauthorized sender",
  });
});

test("ownership: delegations are remembered for two minutes, for the owner in any case", async () => {
  let aggregate: unknown = aggregateOf([]);
  const { ownership, clock, asked } = stage(() => aggregate);
  assert.equal(await ownership.mayOperate(friend, OWNER, never), true);
  aggregate = undefined;
  clock.ms += 119_999;
  assert.equal(await ownership.mayOperate(friend, OWNER.toLowerCase(), never), true);
  assert.equal(asked.length, 1);
  clock.ms += 1;
  assert.equal(await ownership.mayOperate(friend, OWNER, never), false);
  assert.equal(asked.length, 2);
});

test("ownership: that nobody is a delegate is remembered, too", async () => {
  const { ownership, asked } = stage(() => undefined);
  for (let turn = 0; turn < 5; turn += 1)
    assert.equal(await ownership.mayOperate(friend, OWNER, never), false);
  assert.equal(asked.length, 1);
});

test("ownership: an aggregate that cannot be read lets nobody in, and is asked for again", async () => {
  let fails = true;
  const { ownership, log, asked } = stage(() => {
    if (fails) throw new Error("the network is away");
    return aggregateOf([]);
  });
  assert.equal(await ownership.mayOperate(friend, OWNER, never), false);
  assert.deepEqual(log.troubles(), ["aleph.delegations.unknown"]);
  fails = false;
  assert.equal(await ownership.mayOperate(friend, OWNER, never), true);
  assert.equal(asked.length, 2);
});

test("ownership: a failing source is no reason to forget what is known", async () => {
  let fails = false;
  const { ownership, clock } = stage(() => {
    if (fails) throw new Error("the network is away");
    return aggregateOf([]);
  });
  assert.equal(await ownership.mayOperate(friend, OWNER, never), true);
  fails = true;
  assert.equal(await ownership.mayOperate(friend, OWNER, never), true);
  clock.ms += 120_000;
  assert.equal(await ownership.mayOperate(friend, OWNER, never), false);
});

test("ownership: many questions at once are one question, and who leaves ends it for nobody else", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const { ownership, asked } = stage(() => promise);
  const leaving = new AbortController();
  const left = ownership.mayOperate(friend, OWNER, leaving.signal);
  const others = Array.from({ length: 50 }, () => ownership.mayOperate(friend, OWNER, never));
  leaving.abort(new Error("gone"));
  await assert.rejects(left, { message: "gone" });
  resolve(aggregateOf([]));
  assert.deepEqual(new Set(await Promise.all(others)), new Set([true]));
  assert.equal(asked.length, 1);
});

test("ownership: what has changed is asked for anew, even while an older answer is on its way", async () => {
  const answers: PromiseWithResolvers<unknown>[] = [];
  const { ownership } = stage(() => {
    const answer = Promise.withResolvers<unknown>();
    answers.push(answer);
    return answer.promise;
  });
  const before = ownership.mayOperate(friend, OWNER, never);
  ownership.forget(OWNER);
  const after = ownership.mayOperate(friend, OWNER, never);
  answers[1]?.resolve(undefined);
  assert.equal(await after, false);
  answers[0]?.resolve(aggregateOf([]));
  assert.equal(await before, true);
  assert.equal(await ownership.mayOperate(friend, OWNER, never), false);
});

test("ownership: a bounded number of owners is remembered, those asked for lately", async () => {
  const { ownership, asked } = stage(() => aggregateOf([]));
  await ownership.mayOperate(friend, "0xfirst", never);
  for (let owner = 0; owner < 1024; owner += 1) {
    await ownership.mayOperate(friend, `0x${owner}`, never);
    await ownership.mayOperate(friend, "0xfirst", never);
  }
  assert.equal(asked.length, 1025);
  await ownership.mayOperate(friend, "0x0", never);
  assert.equal(asked.length, 1026);
});

/** Requests that the network's own tools have signed, and what a node answers to each. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CLOSED_AUTH, NO_EARLIER_RUN, SetClock, allocationFacts } from "#testing/aleph-signers.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import { Refusal } from "../refusal.ts";
import { Door } from "./door.ts";
import vectors from "./fixtures/vectors.json" with { type: "json" };

const { allocations } = vectors;
const STATUSES: Record<string, string> = { "400": "bad request", "401": "unauthorized" };

function door(): Door {
  return new Door({
    auth: { ...CLOSED_AUTH, allocationSigners: allocations.signers },
    domains: [vectors.domain],
    wallets: walletSignatures,
    earlier: NO_EARLIER_RUN,
    clock: new SetClock(vectors.clock),
  });
}

for (const vector of vectors.operators) {
  test(`vectors: operator ${vector.id} is answered with ${vector.status}`, async () => {
    const facts = { ...vector, body: async () => new Uint8Array() };
    if (vector.status === 200) {
      const expected = { kind: "wallet", address: vector.address };
      assert.deepEqual(await door().caller(facts, "machine"), expected);
      assert.deepEqual(await door().caller(facts, "reserve"), expected);
      assert.deepEqual(await door().caller(facts, "open"), expected);
      return;
    }
    await assert.rejects(door().caller(facts, "machine"), {
      name: "Refusal",
      kind: STATUSES[String(vector.status)],
      message: vector.error,
    });
  });
}

test("vectors: all of them were read", () => {
  assert.equal(vectors.operators.length, 52);
  assert.equal(vectors.operators.filter(({ status }) => status === 200).length, 17);
  assert.equal(allocations.cases.length, 7);
});

for (const { id, authorization, status } of allocations.cases) {
  test(`vectors: allocation ${id} is answered with ${status}`, async () => {
    const facts = allocationFacts(allocations.body, { authorization });
    await (status === 200 ? admitted(facts) : refused(facts));
  });
}

const right = allocations.cases.find(({ id }) => id === "ok")?.authorization ?? "";
const body = allocations.body;

test("vectors: an allocation counts once", async () => {
  const facts = allocationFacts(body, { authorization: right });
  const one = door();
  assert.deepEqual(await one.caller(facts, "scheduler"), { kind: "administrator" });
  await refused(facts, one);
});

test("vectors: an allocation's scheme and digits may be written otherwise", async () => {
  const authorization = right
    .replace("Aleph-EIP191-V1 sig=", "aleph-eip191-v1  sig=0x")
    .replace(",payload=", " , payload=0x");
  await admitted(allocationFacts(body, { authorization }));
});

test("vectors: an allocation is for its body, its path and its parameters alone", async () => {
  await refused(allocationFacts(`${body} `, { authorization: right }));
  await refused(allocationFacts(body, { authorization: right, hasQuery: true }));
  await refused(allocationFacts(body, { authorization: right, path: "/control/allocations/" }));
  await refused(allocationFacts(body, { authorization: right, method: "PUT" }));
  for (const extra of [",x=1", ",sig=00", ",", " x"])
    await refused(allocationFacts(body, { authorization: `${right}${extra}` }));
});

async function admitted(facts: Parameters<Door["caller"]>[0]): Promise<void> {
  assert.deepEqual(await door().caller(facts, "scheduler"), { kind: "administrator" });
}

async function refused(facts: Parameters<Door["caller"]>[0], by = door()): Promise<void> {
  const error = await by.caller(facts, "scheduler").catch((reason: unknown) => reason);
  assert.ok(Refusal.is(error, "unauthorized"));
  assert.equal(error.message, "Authentication token received is invalid");
}

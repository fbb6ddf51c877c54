import assert from "node:assert/strict";
import { test } from "node:test";

import { hashOfDigit } from "#testing/aleph-messages.ts";

import { readAllocation, readNotify, readSecret } from "./requests.ts";
import { SchemaProblems } from "./schema-problems.ts";

const A = hashOfDigit("a");
const B = hashOfDigit("b");

/** the answer's list, without the address of the validator's pages, as its own tests compare it */
function answerTo(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof SchemaProblems && Array.isArray(error.body));
    return error.body.map(withoutUrl);
  }
  return assert.fail("nothing was wrong with it");
}

function withoutUrl(problem: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(problem).filter(([key]) => key !== "url"));
}

test("allocation: each hash once; what has no meaning any more is seen and ignored", () => {
  assert.deepEqual(readAllocation({ persistent_vms: [A, A], instances: [B], on_demand_vms: [A] }), {
    persistentVms: [A],
    instances: [B],
    hasIgnored: true,
  });
  assert.deepEqual(readAllocation({ jobs: null, extra: 1 }), {
    persistentVms: [],
    instances: [],
    hasIgnored: false,
  });
});

test("allocation: a bad hash is answered byte by byte as the network's nodes do", () => {
  assert.deepEqual(
    answerTo(() => readAllocation({ persistent_vms: ["not-an-ItemHash"] })),
    [
      {
        type: "value_error",
        loc: ["persistent_vms", 0],
        msg: "Value error, Could not determine hash type: 'not-an-ItemHash'",
        input: "not-an-ItemHash",
        ctx: { error: "Could not determine hash type: 'not-an-ItemHash'" },
      },
    ],
  );
});

test("allocation: null and other things than objects", () => {
  assert.deepEqual(
    answerTo(() => readAllocation({ instances: null })),
    [{ type: "set_type", loc: ["instances"], msg: "Input should be a valid set", input: null }],
  );
  assert.deepEqual(
    answerTo(() => readAllocation([])),
    [
      {
        type: "model_type",
        loc: [],
        msg: "Input should be a valid dictionary or instance of Allocation",
        input: [],
        ctx: { class_name: "Allocation" },
      },
    ],
  );
});

test("notify: one hash, and the message if it came along", () => {
  assert.deepEqual(readNotify({ instance: A, extra: 1 }), { instance: A, message: undefined });
  assert.deepEqual(readNotify({ instance: A, message: { x: 1 } }).message, { x: 1 });
  assert.deepEqual(
    answerTo(() => readNotify({})),
    [{ type: "missing", loc: ["instance"], msg: "Field required", input: {} }],
  );
});

test("secret: two texts", () => {
  assert.deepEqual(readSecret({ packet_header: "a", secret: "b" }), {
    packetHeader: "a",
    secret: "b",
  });
  const answer = answerTo(() => readSecret({ packet_header: 1 }));
  assert.ok(Array.isArray(answer));
  assert.deepEqual(
    answer.map(({ type }: { type: string }) => type),
    ["string_type", "missing"],
  );
});

test("notice: what is wrong with a large body does not repeat it", () => {
  const large = { other: Array.from({ length: 10_000 }, (_, index) => index) };
  const [problem] = [answerTo(() => readNotify(large))].flat();
  const missing = { type: "missing", loc: ["instance"], msg: "Field required" };
  assert.deepEqual(problem, { ...missing, input: "(too long to repeat)" });
  const short = { other: [{ deep: "x".repeat(4_000) }] };
  assert.deepEqual([answerTo(() => readNotify(short))].flat(), [{ ...missing, input: short }]);
});

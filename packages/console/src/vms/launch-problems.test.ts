import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import { mistakesIn, problemsIn } from "./launch-problems.ts";

test("launch problems: each is beside its field", () => {
  const message =
    'cpus: 9 is more than host group sbox allows (2); network.allow: "x; y" is no address; secrets: there is no secret "a"; create it first';
  const { byField, isComplete } = problemsIn(new AlcoveApiError(400, "invalid_request", message));
  assert.deepEqual(
    [...byField],
    [
      ["cpus", "9 is more than host group sbox allows (2)."],
      ["network", '"x; y" is no address.'],
      ["secrets", 'There is no secret "a"; create it first.'],
    ],
  );
  assert.equal(isComplete, true);
});

test("launch problems: what is about no field is said as a whole", () => {
  const unknown = problemsIn(new AlcoveApiError(400, "invalid_request", "gpu_count: no GPU"));
  assert.deepEqual([[...unknown.byField], unknown.isComplete], [[], false]);
  const full = problemsIn(new AlcoveApiError(503, "no_capacity", "No memory is left"));
  assert.deepEqual([[...full.byField], full.isComplete], [[], false]);
  assert.equal(problemsIn(null).isComplete, true);
});

test("launch problems: a name that is taken is the tags'", () => {
  const { byField } = problemsIn(new AlcoveApiError(409, "name_taken", 'The name "a" is taken'));
  assert.equal(byField.get("tags"), 'The name "a" is taken.');
});

test("launch problems: a word of the request's keeps its small letters", () => {
  const message = "tags: name= takes a DNS label";
  const { byField } = problemsIn(new AlcoveApiError(400, "invalid_request", message));
  assert.equal(byField.get("tags"), "name= takes a DNS label.");
});

test("launch problems: sizes are looked at before they are sent, and nothing is not zero", () => {
  const limits = { vcpus: 2, memoryMinBytes: 64 * 2 ** 20, memoryBytes: 2 ** 30 };
  const fields = (cpus: string, memoryMib: string) => [
    ...mistakesIn({ cpus, memoryMib }, limits).keys(),
  ];
  assert.deepEqual(fields("", ""), []);
  assert.deepEqual(fields("2", "64"), []);
  assert.deepEqual(fields("0", "0"), ["cpus", "memory"]);
  assert.deepEqual(fields("1.5", "1025"), ["cpus", "memory"]);
  assert.deepEqual(fields("-1", "-64"), ["cpus", "memory"]);
});

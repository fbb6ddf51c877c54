import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import { problemsIn } from "./launch-problems.ts";

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

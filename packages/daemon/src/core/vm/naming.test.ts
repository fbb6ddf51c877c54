import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as assertProperty, integer, property, uniqueArray } from "fast-check";

import { nextHostname } from "./naming.ts";

test("naming: the first VM of a group is number 1", () => {
  assert.equal(nextHostname("sbox", new Set(["gpu-1"])), "sbox-1");
});

test("naming: the name is free, and every lower number is taken", () => {
  assertProperty(
    property(uniqueArray(integer({ min: 1, max: 40 })), (numbers) => {
      const taken = new Set(numbers.map((number) => `sbox-${number}`));
      const name = nextHostname("sbox", taken);
      const number = Number(name.slice("sbox-".length));
      assert.ok(!taken.has(name));
      for (let lower = 1; lower < number; lower += 1) assert.ok(taken.has(`sbox-${lower}`));
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as assertProperty, integer, property, uniqueArray } from "fast-check";

import { declaredHostnames, nextHostname } from "./naming.ts";

test("naming: the first VM of a group is number 1", () => {
  assert.equal(nextHostname({ name: "sbox", count: 0 }, new Set(["gpu-1"])), "sbox-1");
});

test("naming: the name is free, and every lower number is taken", () => {
  assertProperty(
    property(uniqueArray(integer({ min: 1, max: 40 })), (numbers) => {
      const taken = new Set(numbers.map((number) => `sbox-${number}`));
      const name = nextHostname({ name: "sbox", count: 0 }, taken);
      const number = Number(name.slice("sbox-".length));
      assert.ok(!taken.has(name));
      for (let lower = 1; lower < number; lower += 1) assert.ok(taken.has(`sbox-${lower}`));
    }),
  );
});

test("naming: what the configuration declares is left to it", () => {
  assert.deepEqual(declaredHostnames({ name: "web", count: 3 }), ["web-1", "web-2", "web-3"]);
  assert.equal(nextHostname({ name: "web", count: 3 }, new Set(["web-1"])), "web-4");
});

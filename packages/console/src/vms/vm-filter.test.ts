import assert from "node:assert/strict";
import { test } from "node:test";

import { aVm } from "../live/a-vm.ts";
import { chosen, filterIn, isNarrow, NO_FILTER, queryOf, valuesOf } from "./vm-filter.ts";

const VMS = [
  aVm("sbox-10", { tags: ["web", "name=shop"], memoryBytes: 2 ** 30 }),
  aVm("sbox-2", { phase: "stopped", ip: "10.0.0.9", createdAt: "2026-02-01T00:00:00Z" }),
  aVm("db-1", { group: "db", tags: ["web"], image: "postgres", memoryBytes: 2 ** 31 }),
];

function names(different: Partial<typeof NO_FILTER>): readonly string[] {
  return chosen(VMS, { ...NO_FILTER, ...different }).map(({ hostname }) => hostname);
}

test("filter: names are in the order of their numbers, and either way round", () => {
  assert.deepEqual(names({}), ["db-1", "sbox-2", "sbox-10"]);
  assert.deepEqual(names({ order: "down" }), ["sbox-10", "sbox-2", "db-1"]);
  assert.deepEqual(names({ sort: "size" }), ["sbox-2", "sbox-10", "db-1"]);
  assert.deepEqual(names({ sort: "age" })[0], "sbox-2");
});

test("filter: every word is looked for in names, addresses, images and tags", () => {
  assert.deepEqual(names({ text: "shop" }), ["sbox-10"]);
  assert.deepEqual(names({ text: "WEB sbox" }), ["sbox-10"]);
  assert.deepEqual(names({ text: "10.0.0" }), ["sbox-2"]);
  assert.deepEqual(names({ text: "postgres" }), ["db-1"]);
});

test("filter: group, phase and tag are exact", () => {
  assert.deepEqual(names({ group: "db" }), ["db-1"]);
  assert.deepEqual(names({ phase: "stopped" }), ["sbox-2"]);
  assert.deepEqual(names({ tag: "web" }), ["db-1", "sbox-10"]);
  assert.deepEqual(names({ tag: "we" }), []);
});

test("filter: an address holds it, and says nothing of what is as usual", () => {
  assert.equal(queryOf(NO_FILTER).toString(), "");
  const filter = { ...NO_FILTER, text: "a b", tag: "name=x", sort: "age", order: "down" } as const;
  assert.deepEqual(filterIn(queryOf(filter)), filter);
  assert.deepEqual(filterIn(new URLSearchParams("sort=none&order=x")), NO_FILTER);
  assert.deepEqual([isNarrow(NO_FILTER), isNarrow(filter)], [false, true]);
});

test("filter: what can be chosen is what there is", () => {
  assert.deepEqual(
    valuesOf(VMS, ({ tags }) => tags),
    ["name=shop", "web"],
  );
});

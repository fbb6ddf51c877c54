import assert from "node:assert/strict";
import { test } from "node:test";

import { camelKeys } from "./camel-keys.ts";

test("camel keys: at every depth, values untouched, unknown fields kept", () => {
  const wire = {
    ram_bytes: 1,
    bg_execs: [{ exec_id: "ex_1", exit_code: null }],
    network: { host_group: { allow: ["a_b"] } },
    _odd: true,
    totalCpus: 2,
  };
  const ours = camelKeys(wire);
  assert.equal(ours.bgExecs[0]?.execId, "ex_1");
  assert.deepEqual(ours, {
    ramBytes: 1,
    bgExecs: [{ execId: "ex_1", exitCode: null }],
    network: { hostGroup: { allow: ["a_b"] } },
    _odd: true,
    totalCpus: 2,
  });
});

test("camel keys: a name that means something to objects stays a plain field", () => {
  const hostile: unknown = JSON.parse('{"__proto__": {"polluted": 1}}');
  const ours = camelKeys(hostile);
  assert.deepEqual(Object.keys(Object(ours)), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(ours), Object.prototype);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { aVm } from "../live/a-vm.ts";
import { doneWords, lossOfMany, namesOf, performAll, sharedCommands } from "./bulk.ts";

test("bulk: what is offered is what all of them allow", () => {
  const runs = aVm("a", { actions: ["pause", "shutdown", "delete", "exec", "fork"] });
  const stopped = aVm("b", { actions: ["start", "commit", "delete"] });
  assert.deepEqual(sharedCommands([runs]), ["pause", "shutdown", "delete"]);
  assert.deepEqual(sharedCommands([runs, stopped]), ["delete"]);
  assert.deepEqual(sharedCommands([]), []);
});

test("bulk: all are tried, a few at a time, and those that failed are told with the reason", async () => {
  const vms = Array.from({ length: 30 }, (_, index) => aVm(`vm-${index}`));
  let underWay = 0;
  let most = 0;
  let done = 0;
  const act = async ({ hostname }: { readonly hostname: string }) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay -= 1;
    if (hostname === "vm-7") throw new Error("it is protected");
  };
  const failures = await performAll(vms, act, () => (done += 1));
  assert.deepEqual(failures, [{ hostname: "vm-7", why: "It is protected." }]);
  assert.deepEqual([done, most], [30, 4]);
});

test("bulk: what was done is said of one by name, of many by their number", () => {
  assert.equal(doneWords("delete", [aVm("a")]), "a is deleted");
  assert.equal(doneWords("pause", [aVm("a"), aVm("b")]), "2 VMs are paused");
});

test("bulk: what is lost depends on what they are", () => {
  const sandbox = aVm("a");
  const kept = aVm("b", { kind: "persistent" });
  assert.match(
    lossOfMany("delete", [sandbox, kept]).join(" "),
    /a: memory and disk .* b: the disk is lost/,
  );
  assert.match(lossOfMany("shutdown", [sandbox, kept]).join(" "), /^a: sandboxes are gone/);
  assert.deepEqual(lossOfMany("shutdown", [kept]), []);
  assert.deepEqual(lossOfMany("pause", [sandbox]), []);
  assert.equal(
    namesOf(Array.from({ length: 10 }, (_, n) => ({ hostname: `v${n}` }))),
    "v0, v1, v2, v3, v4, v5, v6, v7 and 2 more",
  );
});

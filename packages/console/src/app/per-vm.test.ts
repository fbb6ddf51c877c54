import assert from "node:assert/strict";
import { test } from "node:test";

import { forgetVms, type Kept, PerVm } from "./per-vm.ts";

function aKept(hostname: string, isIdle: boolean, ended: string[]): Kept {
  return { isIdle, end: () => void ended.push(hostname) };
}

test("per VM: the same is given again, and of too many the oldest that are idle go", () => {
  const made: string[] = [];
  const kept = new PerVm((_, hostname) => {
    made.push(hostname);
    return aKept(hostname, hostname !== "busy", []);
  });
  const first = kept.of("sbox", "busy");
  for (let number = 0; number < 40; number += 1) kept.of("sbox", `vm-${number}`);
  assert.equal(kept.of("sbox", "busy"), first);
  kept.of("sbox", "vm-39");
  assert.equal(made.length, 41);
  kept.of("sbox", "vm-0");
  assert.equal(made.length, 42);
});

test("per VM: all are idle when each is", () => {
  const kept = new PerVm((_, hostname) => aKept(hostname, hostname !== "busy", []));
  assert.equal(kept.isIdle, true);
  kept.of("sbox", "idle");
  assert.equal(kept.isIdle, true);
  kept.of("sbox", "busy");
  assert.equal(kept.isIdle, false);
  kept.forget();
  assert.equal(kept.isIdle, true);
});

test("per VM: when somebody signs out, what is under way ends and nothing is kept", () => {
  const ended: string[] = [];
  const kept = new PerVm((_, hostname) => aKept(hostname, false, ended));
  const before = kept.of("sbox", "sbox-1");
  forgetVms();
  assert.deepEqual(ended, ["sbox-1"]);
  assert.notEqual(kept.of("sbox", "sbox-1"), before);
});

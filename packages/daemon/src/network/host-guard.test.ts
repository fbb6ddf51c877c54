import assert from "node:assert/strict";
import { test } from "node:test";

import { guardRules } from "./host-guard.ts";

test("host guard: only the VMs' users are looked at, and only on their way to the host itself", () => {
  const rules = guardRules("alcove_guard_test", { firstUid: 400_000, lastUid: 400_063 });
  const chain = rules.slice(rules.indexOf("policy accept;")).trim().split("\n").slice(1, 7);
  assert.deepEqual(
    chain.map((line) => line.trim()),
    [
      "meta skuid != 400000-400063 accept",
      "ct state established,related accept",
      "fib daddr type != local accept",
      "meta l4proto { tcp, udp } th dport 53 accept",
      "meta l4proto tcp reject with tcp reset",
      "reject with icmpx admin-prohibited",
    ],
  );
});

test("host guard: loading the rules again replaces them", () => {
  const rules = guardRules("alcove_guard_test", { firstUid: 1, lastUid: 2 });
  assert.match(
    rules,
    /^add table inet alcove_guard_test\ndelete table inet alcove_guard_test\ntable /,
  );
});

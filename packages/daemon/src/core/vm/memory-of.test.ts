import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";

import { MIB } from "#lib/bytes.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { eventually } from "#testing/eventually.ts";

import { memoryOf } from "./memory-of.ts";

test("memory of VMs: each has its own process looked at, at most fifty at a time", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  for (let made = 0; made < 60; made += 1) await vms.create("sbox", aRequest({}), never);
  await eventually("all run", () => vms.list().every((vm) => vm.phase === "running"));
  const now = { looking: 0, most: 0 };
  const memories = await memoryOf(vms.list(), {
    of: async (pid) => {
      now.looking += 1;
      now.most = Math.max(now.most, now.looking);
      await turn();
      now.looking -= 1;
      return { privateBytes: pid, sharedBytes: 0, proportionalBytes: pid };
    },
  });
  assert.equal(now.most, 50);
  assert.deepEqual(
    memories.map(({ use }) => use?.privateBytes),
    vms.list().map((vm) => vm.pid),
  );
  assert.ok(memories.every(({ reservedBytes }) => reservedBytes === (1024 + 64) * MIB));
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { linuxProcessMemory, memoryUseIn } from "./memory-of-process.ts";

const ROLLUP = `00400000-7ffd1000 ---p 00000000 00:00 0    [rollup]
Rss:              174080 kB
Pss:               63900 kB
Pss_Anon:          60416 kB
Shared_Clean:       9216 kB
Private_Dirty:     98304 kB
Anonymous:         60416 kB
SwapPss:               0 kB
`;

test("memory of a process: its own is what is anonymous, the rest exists once for all", () => {
  assert.deepEqual(memoryUseIn(ROLLUP), {
    privateBytes: 60_416 * 1024,
    sharedBytes: (174_080 - 60_416) * 1024,
    proportionalBytes: 63_900 * 1024,
  });
});

test("memory of a process: what says nothing of it is no figure", () => {
  for (const text of ["", "Rss: 1 kB\n", ROLLUP.replace("Anonymous", "Other")])
    assert.equal(memoryUseIn(text), undefined);
});

test("memory of a process: our own is there, and one that is not is none", async () => {
  const ours = await linuxProcessMemory.of(process.pid);
  assert.ok(ours && ours.privateBytes > 1024 * 1024);
  assert.ok(ours.proportionalBytes <= ours.privateBytes + ours.sharedBytes);
  assert.equal(await linuxProcessMemory.of(2 ** 30), undefined);
});

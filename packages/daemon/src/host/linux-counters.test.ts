import assert from "node:assert/strict";
import { test } from "node:test";

import { linuxCounters, processorTimeIn, processUseIn, unitsIn } from "./linux-counters.ts";

const UNITS = { tickMs: 10, pageBytes: 4_096 };

test("linux counters: time that was stolen is no idle time, and guests' is not counted twice", () => {
  const stat = "cpu  100 20 30 4000 50 6 7 8 90 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
  assert.deepEqual(processorTimeIn(stat, 10), { busyMs: 1_710, idleMs: 40_500 });
});

test("linux counters: a process may be called anything", () => {
  const name = "a) R 1 (b";
  const rest =
    "S 1 2 3 0 -1 4194304 500 0 0 0 120 30 7 8 20 0 3 0 100 200000 256 18446744073709551615";
  assert.deepEqual(processUseIn(`42 (${name}) ${rest}`, UNITS), {
    cpuMs: 1_500,
    residentBytes: 1_048_576,
  });
});

test("linux counters: the size of a page and of a tick are the kernel's to say", () => {
  const auxv = Buffer.alloc(48);
  auxv.writeBigUInt64LE(6n, 0);
  auxv.writeBigUInt64LE(16_384n, 8);
  auxv.writeBigUInt64LE(17n, 16);
  auxv.writeBigUInt64LE(250n, 24);
  assert.deepEqual(unitsIn(auxv), { tickMs: 4, pageBytes: 16_384 });
});

test("linux counters: our own process is counted as Node counts it, and one that is not there is not", async () => {
  const counters = linuxCounters();
  const before = cpuMs();
  const use = await counters.process(process.pid);
  assert.ok(use && use.cpuMs > before - ROUNDING_MS && use.cpuMs < cpuMs() + ROUNDING_MS);
  assert.ok(use.residentBytes > 10_000_000);
  assert.equal(await counters.process(2 ** 30), undefined);
  const { busyMs, idleMs } = await counters.processors();
  assert.ok(busyMs > 0 && idleMs > 0);
});

/** the kernel counts in ticks */
const ROUNDING_MS = 50;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

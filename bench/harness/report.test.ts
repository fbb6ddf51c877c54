import assert from "node:assert/strict";
import { test } from "node:test";

import type { MachineFacts } from "./machine-facts.ts";
import { withSection } from "./publish.ts";
import { Comparisons, markdownOf } from "./report.ts";

const MIB = 2 ** 20;
const rows = [
  { name: "fast", measures: "one way", ms: [100, 300, 200], bytes: 64 * MIB },
  { name: "slow", measures: "another", ms: [1000], bytes: 64 * MIB },
];

function machine(load: readonly number[]): MachineFacts {
  const words = {
    cpu: "a processor",
    kernel: "6",
    qemu: "7",
    node: "v24",
    ssh: "9",
    commit: "abc",
  };
  return { ...words, cores: 2, memoryGiB: 24, load };
}

test("report: times, throughput and the number of runs stand in the table", () => {
  const found = new Comparisons(rows);
  found.times("slow takes", "slow", "fast");
  found.more("slow adds", "slow", "fast");
  found.share("slow carries", "slow", "fast");
  const tables = [{ title: "copies", rows, comparisons: found.made }];
  const takenAt = "2026-01-02T03:04:05.000Z";

  const text = markdownOf({ bench: "exec", takenAt, machine: machine([0]), guest: "g", tables });

  assert.match(text, /\| fast +\| 200 ms +\| 300 ms \(max\) +\| 320 +\| 213 +\| 3 +\| one way +\|/);
  assert.match(text, /slow takes: \*\*5\.0 ×\*\*/);
  assert.match(text, /slow adds: \*\*\+800 ms\*\*/);
  assert.match(text, /slow carries: \*\*20 %\*\*/);
  assert.doesNotMatch(text, /busy/);
});

test("report: a goal is judged, and a row that was not run says why and is compared with nothing", () => {
  const missing = { name: "other", measures: "elsewhere", ms: [], notRun: "it is not installed" };
  const all = [...rows.map(({ name, measures, ms }) => ({ name, measures, ms })), missing];
  const found = new Comparisons(all);
  found.times("slow takes", "slow", "fast", { atMost: 4 });
  found.share("slow carries", "slow", "fast", { atLeast: 20 });
  found.times("other takes", "other", "fast");
  found.figure("memory", 1.25, "MiB");
  const tables = [{ title: "t", rows: all, comparisons: found.made }];

  const text = markdownOf({
    bench: "list",
    takenAt: "",
    machine: machine([0]),
    guest: "g",
    tables,
  });

  assert.match(text, /5\.0 ×\*\* \(to reach: at most 4 ×; \*\*not reached\*\*\)/);
  assert.match(text, /20 %\*\* \(to reach: at least 20 %; reached\)/);
  assert.match(text, /memory: \*\*1\.3 MiB\*\*/);
  assert.match(text, /\| other +\| +\| +\| 0 +\| not run: it is not installed \|/);
  assert.doesNotMatch(text, /other takes/);
});

test("report: a busy machine is named as one", () => {
  const report = { bench: "boot", takenAt: "", guest: "g", tables: [] } as const;
  assert.match(markdownOf({ ...report, machine: machine([1.5]) }), /busy.*load 1\.5 on 2 cores/);
});

test("publish: a section is replaced between its markers, and nothing else is", () => {
  const empty = "a\n<!-- begin generated: x -->\n<!-- end generated: x -->\nb\n";

  const once = withSection(empty, "x", "first");
  const twice = withSection(once, "x", "second");

  assert.match(once, /^a\n.*\n\nfirst\n\n.*\nb\n$/);
  assert.equal(twice, once.replace("first", "second"));
  assert.throws(() => withSection("", "x", "y"), /no place for x/);
});

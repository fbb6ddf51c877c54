/** What is worked out from texts alone. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveApiError } from "@alcove/sdk";
import type { VmSnapshot, VmStats } from "@alcove/sdk/stats.ts";

import { explain } from "./failure.ts";
import { inFlags } from "./flag-names.ts";
import { patternsIn } from "./ignore-files.ts";
import { topRows } from "./top-rows.ts";
import { parseBytes } from "./units.ts";
import { yamlText } from "./yaml-text.ts";

test("flags: the API's words about a field name the flag that it comes from", () => {
  assert.equal(inFlags("ram_bytes: too much; cpus: 0"), "--ram-mb: too much; --cpus: 0");
  assert.equal(inFlags("tags[0]: too long"), "--tag: too long");
  assert.equal(inFlags("other: x; a ram_bytes: y"), "other: x; a ram_bytes: y");
  const error = new AlcoveApiError(400, "invalid_request", "disk_image: there is none");
  assert.equal(explain(error).message, "--image: there is none");
});

test("ignore files: patterns, comments, escapes; taking in again is refused with its line", () => {
  const text = "# no\n\n*.log\r\n/dist/\nnode_modules/  \n\\#name\n\\!name\nend\\ \na/**/b\n";
  assert.deepEqual(patternsIn(text, "f"), [
    "*.log",
    "/dist/",
    "node_modules/",
    "#name",
    "!name",
    "end ",
    "a/**/b",
  ]);
  assert.throws(
    () => patternsIn("a\n!b\n", "dir/.alcoveignore"),
    /^UsageError: dir\/\.alcoveignore:2: /,
  );
});

test("sizes: powers of 1024, as written or refused", () => {
  assert.deepEqual(["65536", "512K", "4M", "1g", "2MiB", "3KB"].map(parseBytes), [
    65_536,
    524_288,
    4_194_304,
    2 ** 30,
    2 ** 21,
    3072,
  ]);
  for (const text of ["", "0", "1.5M", "M", "4T", "-1", "9999999999999G"]) {
    assert.throws(() => parseBytes(text), text);
  }
});

test("YAML: what would be read as something else is quoted", () => {
  const value = {
    a: [{ name: "x", list: [] }, { name: "yes" }],
    b: "no: #t",
    c: undefined,
    d: ["1", "10G", "/a/b"],
    e: { f: true, g: 1 },
    h: "line\nline",
  };
  assert.equal(
    yamlText(value),
    [
      "a:",
      "  - name: x",
      "    list: []",
      '  - name: "yes"',
      'b: "no: #t"',
      "d:",
      '  - "1"',
      '  - "10G"',
      "  - /a/b",
      "e:",
      "  f: true",
      "  g: 1",
      String.raw`h: "line\nline"`,
      "",
    ].join("\n"),
  );
});

const SNAPSHOT: VmSnapshot = {
  hostname: "vm-1",
  arch: "x86_64",
  timestamp: "2026-01-02T03:04:05Z",
  uptime: "1m0s",
  totalCpus: 2,
  totalMemory: 2 ** 30,
  memoryUsed: 2 ** 29,
  memoryAvailable: 2 ** 29,
  memoryUsedPercent: 50,
  loadAvg1: 0,
  loadAvg5: 0,
  loadAvg15: 0,
  diskReadTotal: 5096,
  diskWriteTotal: 100,
  diskIOInflight: 0,
  diskSpaceTotal: 0,
  diskSpaceUsed: 0,
  diskSpaceFree: 0,
  diskSpaceUsedPercent: 0,
  networkReadTotal: 0,
  networkWriteTotal: 0,
  openConnections: 1,
  openFiles: 9,
  entropy: 256,
};

const stats = (snapshot: Partial<VmSnapshot>): VmStats => ({
  hostname: "vm-1",
  hostgroup: "vm",
  ip: "",
  ram_bytes: 1,
  cpus: 1,
  created_at: "2026-01-02T03:04:05Z",
  snapshot: { ...SNAPSHOT, ...snapshot },
});

test("top: rates are differences over time; a counter that fell has none", () => {
  const earlier = { stats: [stats({ diskReadTotal: 1000, diskWriteTotal: 200 })], seconds: 2 };
  const { header, rows } = topRows([stats({})], earlier);
  const cell = (name: string): string | undefined => rows[0]?.[header.indexOf(name)];
  assert.deepEqual([cell("READ/S"), cell("WRITE/S"), cell("IN/S")], ["2KiB", "-", "0B"]);
  assert.deepEqual([cell("MEMORY"), cell("DISK")], ["512MiB/1GiB 50%", "0B/0B 0%"]);
  assert.equal(topRows([stats({})], undefined).rows[0]?.[header.indexOf("READ/S")], "-");
});

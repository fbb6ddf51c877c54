import assert from "node:assert/strict";
import { test } from "node:test";

import { parseYaml, type Remark, type YamlMap, type YamlNode } from "./yaml-tree.ts";

function rootOf(text: string): YamlNode {
  const parsed = parseYaml(text);
  if ("root" in parsed) return parsed.root;
  throw new Error(`no YAML: ${JSON.stringify(parsed)}`);
}

function mapOf(text: string): YamlMap {
  const root = rootOf(text);
  assert.ok(root.kind === "map");
  return root;
}

function wrongIn(text: string): readonly Remark[] {
  const parsed = parseYaml(text);
  assert.ok(!("root" in parsed), "it was taken");
  return parsed;
}

test("yaml: every key and value knows its line", () => {
  const { entries } = mapOf("# a comment\nname: vm\n\nlist:\n  - one\n  - two\n");
  assert.deepEqual(
    entries.map(({ key, line }) => [key, line]),
    [
      ["name", 2],
      ["list", 4],
    ],
  );
  const list = entries[1]?.value;
  assert.ok(list?.kind === "list");
  assert.deepEqual(
    list.items.map(({ line }) => line),
    [5, 6],
  );
});

test("yaml: what is written stays readable beside what it means", () => {
  const { entries } = mapOf(`a: 007\nb: "007"\nc: 1e3\nd: yes\ne:\nf: |\n  two\n  lines\n`);
  assert.deepEqual(
    entries.map(({ value }) => value.kind === "scalar" && [value.value, value.text]),
    [
      [7, "007"],
      ["007", "007"],
      [1000, "1e3"],
      ["yes", "yes"],
      [null, ""],
      ["two\nlines\n", "two\nlines\n"],
    ],
  );
});

test("yaml: an alias is what it stands for, and merged keys give way to a map's own", () => {
  const text = "base: &base\n  vcpu: 2\n  ram_gb: 4\ngroup:\n  <<: *base\n  vcpu: 1\n";
  const group = mapOf(text).entries.find(({ key }) => key === "group")?.value;
  assert.ok(group?.kind === "map");
  assert.deepEqual(
    group.entries.map(({ key, value }) => [key, value.kind === "scalar" && value.value]),
    [
      ["vcpu", 1],
      ["ram_gb", 4],
    ],
  );
});

for (const [what, text, line, problem] of [
  ["a key twice", "a: 1\nb: 2\na: 3\n", 3, /unique/i],
  ["a tab as indentation", "a:\n\tb: 1\n", 2, /tab/i],
  ["an open bracket", "a: [1, 2\n", 2, /./],
  ["a second document", "a: 1\n---\nb: 2\n", 2, /documents/i],
  ["an unknown tag", "a: 1\nb: !secret x\n", 2, /tag/i],
  ["an alias of nothing", "a: *gone\n", 1, /alias/i],
] as const) {
  test(`yaml: ${what} is said with its line`, () => {
    const [first] = wrongIn(text);
    assert.equal(first?.line, line);
    assert.match(first.text, problem);
  });
}

test("yaml: aliases that unfold without end are refused, and fast", () => {
  const levels = Array.from({ length: 30 }, (_, level) => {
    const before = level === 0 ? "x" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 10 }, () => before).join(", ")}]`;
  });
  assert.match(wrongIn(levels.join("\n"))[0]?.text ?? "", /unfold/);
});

test("yaml: an alias of what it is part of is refused", () => {
  assert.match(wrongIn("a: &a\n  b: *a\n")[0]?.text ?? "", /unfold|alias/i);
});

test("yaml: an empty file is a null", () => {
  assert.deepEqual(rootOf("# nothing\n"), { kind: "scalar", line: 1, value: null, text: "" });
});

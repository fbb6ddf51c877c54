import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hashOf, isStamped, stamp } from "./stamp.mjs";

test("stamp: a hash changes with content, name, mode and arrival, not with builds or tests", () => {
  const root = mkdtempSync(join(tmpdir(), "alcove-stamp-"));
  using _ = { [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
  mkdirSync(join(root, "src/target"), { recursive: true });
  writeFileSync(join(root, "src/a.rs"), "one");
  const now = (): string => hashOf(root, ["src", "build.rs"]);
  const seen = [now()];
  for (const change of [
    () => writeFileSync(join(root, "src/a.rs"), "two"),
    () => writeFileSync(join(root, "src/b.rs"), ""),
    () => chmodSync(join(root, "src/a.rs"), 0o755),
    () => writeFileSync(join(root, "build.rs"), ""),
  ]) {
    change();
    seen.push(now());
  }
  assert.equal(new Set(seen).size, seen.length);
  writeFileSync(join(root, "src/target/out"), "built");
  writeFileSync(join(root, "src/a.test.ts"), "a test");
  assert.equal(now(), seen.at(-1));
});

test("stamp: a step counts as done only for the inputs it was done for", () => {
  const root = mkdtempSync(join(tmpdir(), "alcove-stamp-"));
  using _ = { [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
  const file = join(root, "deep/stamp");
  assert.equal(isStamped(file, "abc"), false);
  stamp(file, "abc");
  assert.deepEqual([isStamped(file, "abc"), isStamped(file, "abd")], [true, false]);
});

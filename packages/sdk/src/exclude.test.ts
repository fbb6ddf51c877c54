import assert from "node:assert/strict";
import { test } from "node:test";

import { excluder } from "./exclude.ts";

test("exclude: patterns mean what the API says", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*.log", "a/b/c.log", true],
    ["*.log", "a.log/x", false],
    [".git", "deep/.git", true],
    ["node_modules/", "node_modules", true],
    ["a/*.txt", "a/b.txt", true],
    ["a/*.txt", "a/b/c.txt", false],
    ["a/**", "a/b/c.txt", true],
    ["**/x", "x", true],
    ["**/x", "a/b/x", true],
    ["./a/b", "a/b", true],
    ["/foo", "foo", true],
    ["/foo", "a/foo", false],
    ["f?o", "foo", true],
    ["f?o", "f/o", false],
    ["[a-c]1", "b1", true],
    ["[!a-c]1", "b1", false],
    ["a+(b).c", "a+(b).c", true],
    ["a.c", "abc", false],
    ["*", ".hidden", true],
  ];
  const results = cases.map(([pattern, path]) => [pattern, path, excluder([pattern])(path)]);
  assert.deepEqual(results, cases);
});

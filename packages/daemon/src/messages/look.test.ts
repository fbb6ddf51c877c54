import assert from "node:assert/strict";
import { test } from "node:test";

import { LookList, namesIn } from "./look.ts";

test("look: names are gathered by directory until somebody takes them", () => {
  const list = new LookList();
  list.add("/a", "one");
  list.add("/a", "two");
  list.add("/a", "one");
  list.add("/b", undefined);
  list.add("/b", "one");
  const look = list.take();
  assert.deepEqual(namesIn(look, "/a"), new Set(["one", "two"]));
  assert.equal(namesIn(look, "/b"), "all");
  assert.equal(namesIn(look, "/c"), undefined);
  assert.equal(namesIn(list.take(), "/a"), undefined);
});

test("look: too many names are the whole directory; everything is every directory", () => {
  const list = new LookList();
  for (let number = 0; number <= 1_000; number += 1) list.add("/a", `${number}`);
  assert.equal(namesIn(list.take(), "/a"), "all");
  list.add("/a", "one");
  list.addEverything();
  assert.equal(namesIn(list.take(), "/c"), "all");
});

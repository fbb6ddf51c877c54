import assert from "node:assert/strict";
import { test } from "node:test";

import { moved } from "./row-keys.ts";

test("row keys: arrows, pages and ends, and no further than the list goes", () => {
  const range = { count: 100, page: 20 };
  assert.deepEqual(
    ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"].map((key) =>
      moved(key, 5, range),
    ),
    [6, 4, 25, 0, 0, 99],
  );
  assert.equal(moved("PageDown", 90, range), 99);
  assert.equal(moved("x", 5, range), undefined);
});

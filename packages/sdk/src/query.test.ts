import assert from "node:assert/strict";
import { test } from "node:test";

import { queryText, urlPath } from "./query.ts";

test("query: lists repeat their key in order, unset values vanish, plus signs survive", () => {
  const text = queryText({ cmd: "a b", args: ["1+1", "ü", ""], uid: undefined, stdin: true });
  assert.equal(text, "?cmd=a+b&args=1%2B1&args=%C3%BC&args=&stdin=true");
  assert.equal(queryText({}), "");
});

test("path: a name can add neither segments nor a query", () => {
  assert.equal(urlPath`/vm/${"a/../b?c#d"}/exec`, "/vm/a%2F..%2Fb%3Fc%23d/exec");
  for (const name of ["", ".", ".."]) assert.throws(() => urlPath`/vm/${name}/exec`, TypeError);
});

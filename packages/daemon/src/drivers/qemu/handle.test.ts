import assert from "node:assert/strict";
import { test } from "node:test";

import { formatHandle, parseHandle } from "./handle.ts";

test("handle: what is stored is read back", () => {
  const handle = { pid: 12, startTicks: 345, uid: 200_000 };

  assert.deepEqual(parseHandle(formatHandle(handle)), handle);
});

test("handle: a process of the daemon's own user has no user in its handle", () => {
  const handle = { pid: 12, startTicks: 345, uid: undefined };

  assert.deepEqual(parseHandle(formatHandle(handle)), handle);
});

for (const text of [
  "",
  "null",
  "{}",
  "[]",
  '{"v":2,"pid":1,"startTicks":1}',
  '{"v":1,"pid":-1,"startTicks":1}',
  '{"v":1,"pid":"1","startTicks":1}',
]) {
  test(`handle: ${JSON.stringify(text)} is not one`, () => {
    assert.equal(parseHandle(text), undefined);
  });
}

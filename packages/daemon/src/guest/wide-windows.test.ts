import assert from "node:assert/strict";
import { test } from "node:test";

import { WideWindows } from "./wide-windows.ts";

test("wide windows: few are lent at a time, and one that comes back is lent again", () => {
  const windows = new WideWindows();
  const streams = Array.from({ length: 64 }, () => new AbortController());
  const lent = streams.map(({ signal }) => windows.lend(signal));
  const borrowers = streams.filter((_, at) => lent[at] !== 0);
  assert.ok(borrowers.length > 0 && borrowers.length < 64);
  assert.ok(lent.reduce((sum, one) => sum + one, 0) <= 6 * 1024 * 1024);
  borrowers[0]?.abort();
  const next = new AbortController().signal;
  assert.equal(windows.lend(next), lent[0]);
  assert.equal(windows.lend(next), 0);
});

test("wide windows: a stream that is over borrows nothing", () => {
  const windows = new WideWindows();
  assert.equal(windows.lend(AbortSignal.abort()), 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { medianMs, SeriesBook, worstOf } from "./series.ts";

const upTo = (last: number) => Array.from({ length: last }, (_, index) => last - index);

test("series: the median of an even number of runs lies between the middle two", () => {
  assert.equal(medianMs([9, 1, 5]), 5);
  assert.equal(medianMs([9, 1, 5, 7]), 6);
  assert.throws(() => medianMs([]));
});

test("series: the worst is called p99 from 100 runs on, and the slowest run before", () => {
  assert.deepEqual(worstOf(upTo(99)), { kind: "max", ms: 99 });
  assert.deepEqual(worstOf(upTo(100)), { kind: "p99", ms: 99 });
  assert.deepEqual(worstOf(upTo(1000)), { kind: "p99", ms: 990 });
});

test("series: a book keeps its rows in the order of the announcements", () => {
  const book = new SeriesBook();
  book.announce({ name: "b", measures: "" });
  book.announce({ name: "a", measures: "" });
  book.add("a", 1);
  assert.deepEqual(
    book.rows.map(({ name, ms }) => [name, ms]),
    [
      ["b", []],
      ["a", [1]],
    ],
  );
  assert.throws(() => book.add("c", 1), /c/);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  assertStrict,
  type Check,
  count,
  decimal,
  list,
  maybe,
  shape,
  text,
  time,
} from "./strict-json.ts";

const CHECKS: readonly (readonly [body: string, Check, problem: RegExp | undefined])[] = [
  ["1", count, undefined],
  ["1.0", count, /whole number/],
  ["1e3", count, /whole number/],
  ["-1", count, /whole number/],
  ["1.5", decimal, undefined],
  ["2", decimal, undefined],
  ['"2026-01-02T03:04:05.123Z"', time, undefined],
  ['"2026-01-02T03:04:05+02:00"', time, undefined],
  ['"2026-01-02 03:04:05Z"', time, /RFC 3339/],
  ['""', time, /RFC 3339/],
  ["1767322800", time, /RFC 3339/],
  ["[]", list(text), undefined],
  ["{}", list(text), /no list/],
  ["null", list(text), /no list/],
  ['["a", 1]', list(text), /^\[1\] is no text/],
  ['{"a": "x"}', shape({ a: text, b: maybe(count) }), undefined],
  ['{"a": "x", "b": null}', shape({ a: text, b: maybe(count) }), /^\.b is no whole number/],
  ['{"a": "x", "c": 1}', shape({ a: text }), /unexpected c/],
  ["{}", shape({ a: text }), /^\.a is no text/],
  ['{"a": {"b": [1.0]}}', shape({ a: shape({ b: list(count) }) }), /^\.a\.b\[0\] is no whole/],
];

for (const [body, check, problem] of CHECKS) {
  test(`strict JSON: ${body} is ${problem ? "refused" : "accepted"}`, () => {
    if (problem) assert.throws(() => assertStrict(body, check), { message: problem });
    else assertStrict(body, check);
  });
}

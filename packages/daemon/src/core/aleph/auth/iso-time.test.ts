import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as assertProperty, date, integer, property } from "fast-check";

import { instantOf } from "./iso-time.ts";

const NOON = Date.parse("2025-06-01T12:00:00Z");

for (const [text, expected] of [
  ["2025-06-01T12:00:00Z", NOON],
  ["2025-06-01 12:00:00Z", NOON],
  ["2025-06-01T12:00Z", NOON],
  ["2025-06-01T12:00:00.000000Z", NOON],
  ["2025-06-01T12:00:00.250Z", NOON + 250],
  ["2025-06-01T12:00:00.000250Z", NOON + 0.25],
  ["2025-06-01T14:00:00+02:00", NOON],
  ["2025-06-01T14:00:00+0200", NOON],
  ["2025-06-01T06:30:00-05:30", NOON],
  ["2024-02-29T00:00:00Z", Date.parse("2024-02-29T00:00:00Z")],
] as const) {
  test(`times: "${text}" is one`, () => assert.equal(instantOf(text), expected));
}

for (const text of [
  "",
  "2025-06-01",
  "2025-06-01T12:00:00",
  "2025-06-01T12:00:00z",
  "2025-13-01T12:00:00Z",
  "2025-02-29T12:00:00Z",
  "2025-06-01T24:00:00Z",
  "2025-06-01T12:60:00Z",
  "2025-06-01T12:00:60Z",
  "2025-06-01T12:00:00+24:00",
  "2025-06-01T12:00:00+02:60",
  "2025-06-01T12:00:00 Z",
  " 2025-06-01T12:00:00Z",
  "2025-06-01T12:00:00Z\n",
  "1748779200",
  "+12025-06-01T12:00:00Z",
]) {
  test(`times: ${JSON.stringify(text)} is none`, () => assert.equal(instantOf(text), undefined));
}

test("times: every instant is read as it was written, in every zone", () => {
  const bounds = {
    min: new Date("0001-01-02T00:00:00Z"),
    max: new Date("9999-12-30T00:00:00Z"),
    noInvalidDate: true,
  };
  assertProperty(
    property(date(bounds), integer({ min: -1439, max: 1439 }), (instant, offset) => {
      const local = new Date(instant.getTime() + offset * 60_000).toISOString().slice(0, -1);
      const hours = String(Math.floor(Math.abs(offset) / 60)).padStart(2, "0");
      const minutes = String(Math.abs(offset) % 60).padStart(2, "0");
      const text = `${local}${offset < 0 ? "-" : "+"}${hours}:${minutes}`;
      assert.equal(instantOf(text), instant.getTime());
    }),
  );
});

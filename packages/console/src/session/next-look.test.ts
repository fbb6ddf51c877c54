import assert from "node:assert/strict";
import { test } from "node:test";

import { nextLookMs } from "./next-look.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const MINUTE_MS = 60_000;

function inMinutes(minutes: number) {
  return { signIn: "needed", expiresAt: new Date(NOW + minutes * MINUTE_MS).toISOString() };
}

test("next look: every quarter of an hour, and just after the session's end", () => {
  assert.equal(nextLookMs(inMinutes(600), NOW), 15 * MINUTE_MS);
  assert.equal(nextLookMs(inMinutes(5), NOW), 5 * MINUTE_MS + 1_000);
  assert.equal(nextLookMs(inMinutes(-5), NOW), 1_000);
  assert.equal(nextLookMs({ signIn: "needed" }, NOW), 15 * MINUTE_MS);
  assert.equal(nextLookMs({ signIn: "not_needed" }, NOW), false);
});

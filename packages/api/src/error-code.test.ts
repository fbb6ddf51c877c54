import assert from "node:assert/strict";
import { test } from "node:test";

import { ERROR_CODES } from "./error-code.ts";

test("error codes: each stands once, and reads as a name in programs of any language", () => {
  assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
  for (const code of ERROR_CODES) assert.match(code, /^[a-z]+(_[a-z]+)*$/);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { noteCode, takeCode } from "./code-in-address.ts";

interface Told {
  readonly found: boolean;
  readonly replaced: readonly string[];
}

/** What becomes of an address. */
function noted(hash: string): Told {
  const replaced: string[] = [];
  const place = { hash, pathname: "/ui/vms", search: "?group=a" };
  const past = {
    state: null,
    replaceState: (_: unknown, __: string, url: string) => void replaced.push(url),
  };
  return { found: noteCode(place, past), replaced };
}

test("code in the address: it is taken out of it, and can be had once", () => {
  assert.deepEqual(noted("#code=aB3-_x"), { found: true, replaced: ["/ui/vms?group=a"] });
  assert.deepEqual([takeCode(), takeCode()], ["aB3-_x", undefined]);
});

test("code in the address: what is none stays", () => {
  for (const hash of ["", "#", "#code=", "#code=a b", "#other=code", `#code=${"x".repeat(129)}`]) {
    assert.deepEqual(noted(hash), { found: false, replaced: [] });
  }
  assert.equal(takeCode(), undefined);
});

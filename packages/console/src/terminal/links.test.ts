import assert from "node:assert/strict";
import { test } from "node:test";

import { addressesIn, addressIn } from "./links.ts";

test("links: only addresses of the web are any, and are shown as they would be gone to", () => {
  assert.equal(addressIn("https://example.org/a?b#c"), "https://example.org/a?b#c");
  assert.equal(addressIn("HTTP://EXAMPLE.org"), "http://example.org/");
  assert.equal(addressIn("https://аpple.com/"), "https://xn--pple-43d.com/");
  for (const other of [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "//x",
    "",
  ]) {
    assert.equal(addressIn(other), undefined, other);
  }
});

test("links: addresses are found in a line, without what ends the sentence", () => {
  assert.deepEqual(addressesIn("see https://a.example/x, or (http://b.example:80/y)."), [
    { at: 4, text: "https://a.example/x" },
    { at: 29, text: "http://b.example:80/y" },
  ]);
  assert.deepEqual(addressesIn("https:// http:///// nothing"), []);
});

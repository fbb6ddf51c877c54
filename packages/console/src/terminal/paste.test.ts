import assert from "node:assert/strict";
import { test } from "node:test";

import { harmless, needsAsking, previewOf } from "./paste.ts";

test("paste: controls are taken out, tabs and line ends stay", () => {
  assert.equal(harmless("a\tb\r\nc\nd\re"), "a\tb\nc\nd\re");
  assert.equal(harmless("x\u001b[201~rm -rf /\u0007\u009b1m\u0000"), "x[201~rm -rf /1m");
});

test("paste: several lines are asked about, unless the program takes them as a whole", () => {
  assert.equal(needsAsking("one line", false), false);
  assert.equal(needsAsking("one line\n", false), false);
  assert.equal(needsAsking("one\ntwo", false), true);
  assert.equal(needsAsking("one\rtwo", false), true);
  assert.equal(needsAsking("one\ntwo", true), false);
});

test("paste: what is asked about is shown, and cut", () => {
  assert.deepEqual(previewOf("a\nb\n"), { lines: 2, text: "a\nb", isCut: false });
  const { lines, text, isCut } = previewOf("x\n".repeat(100));
  assert.deepEqual([lines, text.split("\n").length, isCut], [100, 8, true]);
});

test("paste: what is hidden in it is shown, and very many line ends take no time", () => {
  assert.equal(previewOf("a\u202eb\nc").text, "a⟨202E⟩b\nc");
  const begun = performance.now();
  const many = `${"\n".repeat(300_000)}x`;
  assert.equal(needsAsking(many, false), true);
  assert.equal(previewOf(many).lines, 300_001);
  assert.ok(performance.now() - begun < 2_000);
});

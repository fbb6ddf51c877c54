import assert from "node:assert/strict";
import { test } from "node:test";

import { legible, savedName, visible } from "./visible.ts";

test("visible: what cannot be seen, or turns what is around it, is written out", () => {
  assert.equal(visible("Grüße 日本.txt"), "Grüße 日本.txt");
  assert.equal(visible("a\nb\u001b[31m"), "a⟨0A⟩b⟨1B⟩[31m");
  assert.equal(visible("evil\u202etxt.exe"), "evil⟨202E⟩txt.exe");
  assert.equal(visible("zero\u200bwidth\u00a0"), "zero⟨200B⟩width⟨A0⟩");
  assert.equal(visible("half\ud800"), "half⟨D800⟩");
  assert.equal(visible("x".repeat(600)).length, 513);
});

test("legible: the same for texts of several lines, which are not cut", () => {
  assert.equal(legible("a\n\tb\r\u202ec"), "a\n\tb⟨0D⟩⟨202E⟩c");
  assert.equal(legible("x".repeat(600)).length, 600);
});

test("saved names: nothing that is a path, hidden or a device's", () => {
  assert.equal(savedName("notes.txt"), "notes.txt");
  assert.equal(savedName("../../.bashrc"), "_.._.bashrc");
  assert.equal(savedName("a\u202e\r\nb"), "a___b");
  assert.equal(savedName(".."), "file");
  assert.equal(savedName("C:\\x"), "C__x");
  assert.ok(savedName("y".repeat(1_000)).length <= 200);
});

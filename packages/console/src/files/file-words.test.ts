import assert from "node:assert/strict";
import { test } from "node:test";

import type { FsEntry } from "@alcove/sdk/browser/index.ts";

import { inOrder, isNameLost, modeWords, ownerWords } from "./file-words.ts";
import { absolute, crumbsOf, joined, nameProblem, parentOf } from "./guest-path.ts";

function entry(name: string, type = "file"): FsEntry {
  return { name, type, size: 1, mtime: "2026-01-02T03:04:05Z", mode: "0644" };
}

test("files: directories first, numbers by their value", () => {
  const list = [entry("log10"), entry("log9"), entry("src", "directory"), entry("a")];
  assert.deepEqual(
    inOrder(list).map(({ name }) => name),
    ["src", "a", "log9", "log10"],
  );
});

test("files: modes and owners as people read them", () => {
  assert.equal(modeWords("0644"), "rw-r--r--");
  assert.equal(modeWords("4755"), "rwsr-xr-x");
  assert.equal(modeWords("2644"), "rw-r-Sr--");
  assert.equal(modeWords("1777"), "rwxrwxrwt");
  assert.equal(ownerWords(entry("x")), "");
  assert.equal(ownerWords({ ...entry("x"), uid: 0, gid: 0 }), "root");
  assert.equal(ownerWords({ ...entry("x"), uid: 0, gid: 42 }), "root:42");
  assert.equal(isNameLost(entry("caf\ufffd")), true);
});

test("paths: what an address says never leads out of the root", () => {
  assert.equal(absolute(""), "/");
  assert.equal(absolute("var//log/./x/"), "/var/log/x");
  assert.equal(absolute("/../../etc/../root"), "/root");
  assert.equal(joined("/", "etc"), "/etc");
  assert.equal(joined("/etc", "a b"), "/etc/a b");
  assert.equal(parentOf("/etc/apt"), "/etc");
  assert.equal(parentOf("/etc"), "/");
  assert.equal(parentOf("/"), "/");
  assert.deepEqual(
    crumbsOf("/var/log").map(({ path }) => path),
    ["/", "/var", "/var/log"],
  );
});

test("paths: names of something new", () => {
  assert.equal(nameProblem("notes"), undefined);
  for (const name of ["", " ", "a/b", ".", "..", "é".repeat(128)]) {
    assert.ok(nameProblem(name), name);
  }
});

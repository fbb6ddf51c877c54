import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const IMAGES = path.resolve(import.meta.dirname, "../../../../images");
const scripts = ["base", "systemd"].map((image) =>
  path.join(IMAGES, image, "files/usr/local/bin/slicer-agent"),
);

test("slicer-agent: every image has the same, and may run it", () => {
  const [first, ...others] = scripts.map((file) => readFileSync(file, "utf8"));
  for (const other of others) assert.equal(other, first);
  for (const file of scripts) assert.equal(statSync(file).mode & 0o777, 0o755);
});

test("slicer-agent: what it cannot do is refused with what it can", () => {
  const [file = ""] = scripts;
  for (const words of [[], ["secrets"], ["ca", "list"], ["secrets", "sync", "now"]]) {
    const { status, stderr } = spawnSync("sh", [file, ...words], { encoding: "utf8" });
    assert.deepEqual([status, stderr.startsWith("usage: slicer-agent secrets sync")], [2, true]);
  }
});

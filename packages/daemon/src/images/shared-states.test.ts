/** States that one VM gives to another. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { openDisks } from "./vm-disks.ts";

const [ONE, OTHER] = ["0123456789ab", "ba9876543210"] as const;

test("a state is given without copying it, and each goes by itself", async () => {
  await using directory = await tempDir();
  const { disks } = await openDisks(directory.path);
  for (const id of [ONE, OTHER]) await mkdir(path.dirname(disks.statePath(id, "x")));
  const from = { vmId: ONE, name: "a" };
  const to = { vmId: OTHER, name: "b" };
  const [there, here] = [disks.statePath(ONE, "a"), disks.statePath(OTHER, "b")];
  await mkdir(there);
  await writeFile(path.join(there, "memory"), "remembered");
  await writeFile(path.join(there, "manifest.json"), "{}");

  await disks.shareState(from, to);

  const memory = path.join(here, "memory");
  assert.equal(statSync(memory).ino, statSync(path.join(there, "memory")).ino);
  await disks.removeState(from);
  await disks.removeState(from);
  assert.equal(existsSync(there), false);
  assert.equal(readFileSync(memory, "utf8"), "remembered");

  await assert.rejects(disks.shareState(from, { vmId: OTHER, name: "c" }), /ENOENT/);
  assert.equal(existsSync(`${disks.statePath(OTHER, "c")}.part`), false);
});

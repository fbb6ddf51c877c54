import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { settleIn } from "./runtime-home.ts";

test("runtime home: another one is refused while machines are in the first, and taken afterwards", async () => {
  await using dir = await tempDir();
  const [first, second] = [`${dir.path}/first`, `${dir.path}/second`];
  await settleIn(dir.path, first);
  await mkdir(`${first}/vms/0123456789ab`, { recursive: true });
  await settleIn(dir.path, first);
  await assert.rejects(settleIn(dir.path, second), {
    name: "StartRefused",
    message: new RegExp(`set ALCOVE_RUNTIME_DIR=${first}, or`),
  });
  await rm(`${first}/vms/0123456789ab`, { recursive: true });
  await settleIn(dir.path, second);
  await rm(first, { recursive: true });
  await settleIn(dir.path, first);
});

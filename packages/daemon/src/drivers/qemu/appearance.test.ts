import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { never } from "#testing/fake-host.ts";

import { appears } from "./appearance.ts";

test("appearance: a file is waited for until it is there, and others are not taken for it", async () => {
  await using home = await mkdtempDisposable(path.join(tmpdir(), "appearance-"));
  const file = path.join(home.path, "one");
  let there = false;
  const waiting = appears(file, never).then(() => assert.equal(there, true));

  await writeFile(path.join(home.path, "other"), "");
  there = true;
  await writeFile(file, "");

  await waiting;
  await appears(file, never);
});

test("appearance: the waiting ends with the signal's reason", async () => {
  await using home = await mkdtempDisposable(path.join(tmpdir(), "appearance-"));
  const [leaving, reason] = [new AbortController(), new Error("too late")];
  const waiting = appears(path.join(home.path, "one"), leaving.signal);

  leaving.abort(reason);

  await assert.rejects(waiting, reason);
});

test("appearance: a directory that cannot be watched is no reason to wait", async () => {
  await appears("/nowhere/at/all", never);
});

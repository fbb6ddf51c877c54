import assert from "node:assert/strict";
import { chown, lchown, mkdir, stat, symlink } from "node:fs/promises";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { becomeSoleOwner, ownDirectory } from "./sole-owner.ts";

const SOMEBODY = 65_534;
const asRoot = { skip: process.getuid?.() === 0 ? false : "only root can make others' files" };

test("sole owner: a new directory has the mode asked for, one that was there keeps its own", async () => {
  await using home = await tempDir();
  await ownDirectory(`${home.path}/new`, 0o711);
  await mkdir(`${home.path}/old`, { mode: 0o700 });
  await ownDirectory(`${home.path}/old`, 0o711);
  const modes = [`${home.path}/new`, `${home.path}/old`].map((it) => stat(it));
  assert.deepEqual(
    (await Promise.all(modes)).map(({ mode }) => mode & 0o777),
    [0o711, 0o700],
  );
});

test("sole owner: a directory of somebody else is refused", asRoot, async () => {
  await using home = await tempDir();
  await mkdir(`${home.path}/theirs`);
  await chown(`${home.path}/theirs`, SOMEBODY, SOMEBODY);
  await assert.rejects(ownDirectory(`${home.path}/theirs`, 0o700), /belongs to user 65534/);
});

test(
  "sole owner: somebody else's link to a directory of ours is refused, our own is not",
  asRoot,
  async () => {
    await using home = await tempDir();
    await mkdir(`${home.path}/ours`);
    await symlink("ours", `${home.path}/link`);
    await ownDirectory(`${home.path}/link`, 0o700);
    await lchown(`${home.path}/link`, SOMEBODY, SOMEBODY);
    await assert.rejects(ownDirectory(`${home.path}/link`, 0o700), /belongs to user 65534/);
  },
);

test("sole owner: a second daemon is refused for as long as the first one lives", async () => {
  await using home = await tempDir();
  const first = await becomeSoleOwner(home.path);
  await assert.rejects(becomeSoleOwner(home.path), /Another Alcove daemon already uses/);
  await first[Symbol.asyncDispose]();
  await using _second = await becomeSoleOwner(home.path);
});

import assert from "node:assert/strict";
import { chown, lchown, mkdir, stat, symlink } from "node:fs/promises";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { becomeSoleOwner, ownDirectory } from "./sole-owner.ts";

const SOMEBODY = 65_534;
/** Root gives files away; anybody else finds root's: a directory, and a link to a directory of his own. */
const isRoot = process.getuid?.() === 0;

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

test("sole owner: a directory of somebody else is refused", async () => {
  await using home = await tempDir();
  const theirs = isRoot ? `${home.path}/theirs` : "/usr";
  await mkdir(theirs, { recursive: true });
  if (isRoot) await chown(theirs, SOMEBODY, SOMEBODY);
  await assert.rejects(ownDirectory(theirs, 0o700), /belongs to user (65534|0),/);
});

test("sole owner: somebody else's link to a directory of ours is refused, our own is not", async () => {
  await using home = await tempDir();
  const link = `${home.path}/link`;
  await symlink(home.path, link);
  await ownDirectory(link, 0o700);
  if (isRoot) await lchown(link, SOMEBODY, SOMEBODY);
  await assert.rejects(
    ownDirectory(isRoot ? link : "/proc/self", 0o700),
    /belongs to user (65534|0),/,
  );
});

test("sole owner: a second daemon is refused for as long as the first one lives", async () => {
  await using home = await tempDir();
  const first = await becomeSoleOwner(home.path);
  await assert.rejects(becomeSoleOwner(home.path), /Another Alcove daemon already uses/);
  await first[Symbol.asyncDispose]();
  await using _second = await becomeSoleOwner(home.path);
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { digestOfFiles } from "./recipe.ts";
import { installedPackages } from "./rootfs-tree.ts";

const STATUS = `Package: zlib1g
Status: install ok installed
Version: 1:1.2.13

Package: gone
Status: deinstall ok config-files
Version: 3

Package: bash
Status: install ok installed
Description: shell
 Version: of no interest
Version: 5.2
`;

test("rootfs tree: installed packages are listed with their versions, sorted", async () => {
  const tree = await mkdtemp(path.join(tmpdir(), "rootfs-tree-"));
  await mkdir(path.join(tree, "var/lib/dpkg"), { recursive: true });
  await writeFile(path.join(tree, "var/lib/dpkg/status"), STATUS);
  assert.deepEqual(await installedPackages(tree), ["bash=5.2", "zlib1g=1:1.2.13"]);
  await rm(tree, { recursive: true });
});

test("recipe: its digest follows names, contents and executable bits of all its files", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "recipe-"));
  await mkdir(path.join(dir, "r/files"), { recursive: true });
  const digest = () => digestOfFiles([path.join(dir, "r")]);
  const seen = [await digest()];
  await writeFile(path.join(dir, "r/files/a"), "1");
  seen.push(await digest());
  await writeFile(path.join(dir, "r/files/a"), "2");
  seen.push(await digest());
  await rm(path.join(dir, "r/files/a"));
  await writeFile(path.join(dir, "r/files/a"), "2", { mode: 0o755 });
  seen.push(await digest());
  assert.equal(new Set(seen).size, 4);
  assert.equal(await digest(), seen[3]);
  await rm(dir, { recursive: true });
});

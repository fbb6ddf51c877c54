import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { newHostKey } from "./ssh-host-keys.ts";

test("ssh host keys: OpenSSH reads the private key and finds the public one in it", async () => {
  await using directory = await tempDir();
  for (const comment of ["root@sbox-1", "", "a much longer name than the others.example"]) {
    const { privateKey, publicKey } = newHostKey(comment);
    const file = path.join(directory.path, "key");
    await writeFile(file, privateKey, { mode: 0o600 });
    const found = execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim();
    assert.equal(found, publicKey.trim());
  }
});

test("ssh host keys: no two are alike", () => {
  const keys = Array.from({ length: 20 }, () => newHostKey("root@sbox-1").publicKey);
  assert.equal(new Set(keys).size, keys.length);
});

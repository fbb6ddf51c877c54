import assert from "node:assert/strict";
import {
  chmod,
  copyFile,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { test } from "node:test";

import type { Secret } from "#core/ports/secret-vault.ts";
import { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { SealedVault } from "./sealed-vault.ts";

const CONTENT = Buffer.from("correct horse battery staple");

function aSecret(name: string, content: Buffer = CONTENT): Secret {
  return {
    name,
    content: new SecretBytes(content),
    sizeBytes: content.length,
    mode: 0o640,
    uid: 1000,
    gid: 7,
    modifiedAt: new Date(1_764_000_000_123),
  };
}

async function contentOf(vault: SealedVault, name: string): Promise<string | undefined> {
  const secret = await vault.read(name);
  return secret && Buffer.from(secret.content.reveal()).toString();
}

test("vault: what is written is read again, also by the next daemon, and facts with it", async () => {
  await using dir = await tempDir();
  const vault = await SealedVault.open(dir.path);
  await vault.write(aSecret("token"));
  await vault.write(aSecret("empty", Buffer.alloc(0)));
  const next = await SealedVault.open(dir.path);
  assert.deepEqual(await next.names(), ["empty", "token"]);
  const { content, ...facts } = (await next.read("token")) ?? aSecret("none");
  const { content: wanted, ...wantedFacts } = aSecret("token");
  assert.deepEqual([content.reveal(), facts], [wanted.reveal(), wantedFacts]);
  assert.equal(await contentOf(next, "empty"), "");
  assert.equal(await next.read("other"), undefined);
});

test("vault: nothing of a content is in any file, and only the daemon's user reads them", async () => {
  await using dir = await tempDir();
  const vault = await SealedVault.open(dir.path);
  await vault.write(aSecret("token"));
  const entries = await readdir(dir.path, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = `${entry.parentPath}/${entry.name}`;
    assert.equal((await stat(path)).mode & 0o077, 0, path);
    if (!entry.isFile()) continue;
    const bytes = await readFile(path);
    for (const form of [CONTENT, Buffer.from(CONTENT.toString("base64").slice(0, 8))]) {
      assert.ok(!bytes.includes(form), path);
    }
  }
});

test("vault: replacing and removing leave one record or none, and no other file", async () => {
  await using dir = await tempDir();
  const vault = await SealedVault.open(dir.path);
  await vault.write(aSecret("token"));
  await vault.write(aSecret("token", Buffer.from("new")));
  assert.equal(await contentOf(vault, "token"), "new");
  assert.deepEqual(await readdir(`${dir.path}/sealed`), ["token.sealed"]);
  assert.deepEqual([await vault.remove("token"), await vault.remove("token")], [true, false]);
  assert.deepEqual(await readdir(`${dir.path}/sealed`), []);
});

test("vault: what a killed daemon had not finished is cleared away", async () => {
  await using dir = await tempDir();
  await SealedVault.open(dir.path);
  await writeFile(`${dir.path}/sealed/0.new`, "half");
  const vault = await SealedVault.open(dir.path);
  assert.deepEqual([await vault.names(), await readdir(`${dir.path}/sealed`)], [[], []]);
});

const DAMAGES: readonly (readonly [string, (file: string) => Promise<unknown>])[] = [
  ["a changed byte of content", (file) => changeByte(file, -20)],
  ["a changed byte of its facts", (file) => changeByte(file, 40)],
  ["a changed tag", (file) => changeByte(file, -1)],
  ["a cut", (file) => truncate(file, 60)],
  ["an empty file", (file) => truncate(file, 0)],
  ["a file that is far too large", (file) => truncate(file, 2 ** 30)],
  ["a file of somebody else", (file) => writeFile(file, "hunter2")],
  ["another secret's record", (file) => copyFile(file.replace("token", "other"), file)],
];

for (const [what, damage] of DAMAGES) {
  test(`vault: ${what} is found, named, and costs no other secret`, async () => {
    await using dir = await tempDir();
    const vault = await SealedVault.open(dir.path);
    await vault.write(aSecret("token"));
    await vault.write(aSecret("other", Buffer.from("fine")));
    await damage(`${dir.path}/sealed/token.sealed`);
    await assert.rejects(vault.read("token"), {
      code: "secret_damaged",
      message: /^The secret "token" cannot be read: .*; delete it and create it again$/,
    });
    assert.equal(await contentOf(vault, "other"), "fine");
    assert.deepEqual(await vault.names(), ["other", "token"]);
    assert.equal(await vault.remove("token"), true);
  });
}

async function changeByte(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  const index = at < 0 ? bytes.length + at : at;
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
  await writeFile(file, bytes);
}

const KEY_TROUBLES: readonly (readonly [string, (key: string) => Promise<unknown>, RegExp])[] = [
  ["missing", (key) => rm(key), /key is missing, and 1 secrets are sealed with it: restore it/],
  ["open to others", (key) => chmod(key, 0o644), /has mode 0644: others can read it; make it 0600/],
  ["cut", (key) => truncate(key, 7), /has 7 bytes, and a key has 32: restore it/],
];

for (const [what, harm, words] of KEY_TROUBLES) {
  test(`vault: a key that is ${what} stops the start with what to do`, async () => {
    await using dir = await tempDir();
    await (await SealedVault.open(dir.path)).write(aSecret("token"));
    await harm(`${dir.path}/key`);
    await assert.rejects(SealedVault.open(dir.path), { name: "StartRefused", message: words });
  });
}

test("vault: under another key a secret is damaged, not garbage", async () => {
  await using dir = await tempDir();
  await (await SealedVault.open(dir.path)).write(aSecret("token"));
  await writeFile(`${dir.path}/key`, Buffer.alloc(32, 1));
  const vault = await SealedVault.open(dir.path);
  await assert.rejects(vault.read("token"), /changed, or sealed with another key/);
});

test("vault: a name from a request reaches no other directory", async () => {
  await using dir = await tempDir();
  const vault = await SealedVault.open(dir.path);
  await writeFile(`${dir.path}/outside.sealed`, "kept");
  for (const name of ["../outside", "/etc/passwd", "", "a/b", "a\0b", "x".repeat(500), "..", "."]) {
    assert.deepEqual([await vault.read(name), await vault.remove(name)], [undefined, false], name);
  }
  assert.equal(await readFile(`${dir.path}/outside.sealed`, "utf8"), "kept");
});

test("vault: keys for other purposes are the same at each start, and differ from each other", async () => {
  await using dir = await tempDir();
  const vault = await SealedVault.open(dir.path);
  const next = await SealedVault.open(dir.path);
  const states = vault.keyFor("states").reveal();
  assert.equal(states.length, 32);
  assert.deepEqual(next.keyFor("states").reveal(), states);
  assert.notDeepEqual(vault.keyFor("other").reveal(), states);
  assert.notDeepEqual(Buffer.from(states), await readFile(`${dir.path}/key`));
});

import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { MemoryDraft } from "./memory-draft.ts";
import { findState, type Manifest, openState, sealState } from "./saved-state.ts";

const MANIFEST: Manifest = {
  savedAt: new Date(5_000),
  memoryBytes: 6,
  checksum: 0xffff_ffff,
  sealing: { salt: "00ff", mark: "0102" },
  qemu: "7.2.0",
  shape: { options: ["-smp 1"], tscKhz: 2_000_000 },
};

async function home(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "state-"));
  return { path: directory.path, [Symbol.asyncDispose]: () => directory.remove() };
}

async function sealed(directory: string): Promise<void> {
  await using draft = await MemoryDraft.begin(directory);
  await draft.memory.writeFile("memory");
  await sealState(draft, MANIFEST, "durable");
}

test("saved state: it is there when it was sealed, whole", async () => {
  await using root = await home();
  const directory = path.join(root.path, "one");

  await sealed(directory);

  assert.deepEqual(await findState(directory), { sizeBytes: 6, savedAt: new Date(5_000) });
  const state = await openState(directory);
  assert.ok(typeof state === "object");
  assert.deepEqual(state.manifest, MANIFEST);
  assert.equal(await state.memory.readFile("utf8"), "memory");
  await state[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(root.path), ["one"]);
});

test("saved state: a draft is no state, and goes when it is left", async () => {
  await using root = await home();
  const directory = path.join(root.path, "one");
  {
    await using draft = await MemoryDraft.begin(directory);
    await draft.memory.writeFile("memory");
    assert.equal(await findState(directory), undefined);
  }
  assert.deepEqual(await readdir(root.path), []);
});

test("saved state: what a daemon left that died while it wrote is written over", async () => {
  await using root = await home();
  const directory = path.join(root.path, "one");
  await mkdir(`${directory}.part`);
  await writeFile(path.join(`${directory}.part`, "memory"), "much more than six bytes");

  await sealed(directory);

  assert.equal(await readFile(path.join(directory, "memory"), "utf8"), "memory");
});

test("saved state: memory of another length is refused", async () => {
  await using root = await home();
  const directory = path.join(root.path, "one");
  await sealed(directory);
  await truncate(path.join(directory, "memory"), 5);

  assert.equal(await openState(directory), "its memory file has 5 bytes instead of 6");
});

test("saved state: a manifest that cannot be read is none", async () => {
  await using root = await home();
  const directory = path.join(root.path, "one");
  for (const text of ["", "{", "[]", '{"v":1}', '{"v":2,"shape":{}}', '{"v":1,"shape":{}}']) {
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, "manifest.json"), text);
    assert.equal(await findState(directory), undefined, text);
    assert.equal(await openState(directory), "there is no whole state", text);
  }
});

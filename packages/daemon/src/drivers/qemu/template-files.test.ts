import assert from "node:assert/strict";
import { mkdtempDisposable, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { MemoryDraft } from "./memory-draft.ts";
import {
  findTemplate,
  openStored,
  sha256,
  sealTemplate,
  type TemplateManifest,
} from "./template-files.ts";

const DEVICES = Buffer.from("devices");

const MANIFEST: TemplateManifest = {
  frozenAt: new Date("2026-01-02T03:04:05Z"),
  memory: { bytes: 8192, storedBytes: 4096, sha256: "m" },
  devices: { bytes: DEVICES.length, sha256: sha256(DEVICES) },
  qemu: "QEMU emulator version 7.2.0",
  shape: { options: ["-m 1M"], tscKhz: 1000 },
};

async function home(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "template-files-"));
  return { path: directory.path, [Symbol.asyncDispose]: () => directory.remove() };
}

async function sealed(directory: string, manifest = MANIFEST) {
  await using draft = await MemoryDraft.begin(directory);
  return await sealTemplate(draft, manifest, DEVICES);
}

test("template files: what was sealed is found, whole, and opened", async () => {
  await using scratch = await home();
  const directory = path.join(scratch.path, "one");

  const state = await sealed(directory);

  assert.equal(state.sizeBytes, 4096 + DEVICES.length);
  assert.deepEqual(await findTemplate(directory), state);
  const stored = await openStored(directory);
  assert.ok(typeof stored !== "string");
  await using open = stored;
  assert.deepEqual(open.manifest, MANIFEST);
  assert.deepEqual(open.devices, DEVICES);
  assert.equal((await open.memory.stat()).size, 8192);
});

test("template files: other contents have another digest", async () => {
  await using scratch = await home();
  const other = { ...MANIFEST, memory: { ...MANIFEST.memory, sha256: "n" } };

  const [one, same, another] = [
    await sealed(path.join(scratch.path, "one")),
    await sealed(path.join(scratch.path, "same")),
    await sealed(path.join(scratch.path, "another"), other),
  ];

  assert.equal(one.digest, same.digest);
  assert.notEqual(one.digest, another.digest);
});

test("template files: a draft that is not sealed leaves nothing", async () => {
  await using scratch = await home();
  {
    await using _draft = await MemoryDraft.begin(path.join(scratch.path, "one"));
  }
  assert.deepEqual(await readdir(scratch.path), []);
});

for (const [what, file, why] of [
  ["its manifest", "manifest.json", "there is no whole template"],
  ["its devices", "devices", "its file of devices is missing"],
  ["its memory", "memory", "its memory file is missing"],
] as const) {
  test(`template files: without ${what} it is refused`, async () => {
    await using scratch = await home();
    const directory = path.join(scratch.path, "one");
    await sealed(directory);

    await rm(path.join(directory, file));

    assert.equal(await openStored(directory), why);
  });
}

test("template files: a manifest with a line changed or added is refused", async () => {
  await using scratch = await home();
  const directory = path.join(scratch.path, "one");
  await sealed(directory);
  const file = path.join(directory, "manifest.json");
  const text = await readFile(file, "utf8");

  for (const damaged of [text.replace("7.2.0", "7.2.1"), `${text}\n`, text.trimEnd(), ""]) {
    await writeFile(file, damaged);
    assert.equal(await openStored(directory), "its manifest was changed or damaged");
    assert.equal(await findTemplate(directory), undefined);
  }
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { Refusal } from "#core/aleph/refusal.ts";
import { never } from "#testing/fake-host.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { readJson } from "./bounded-json.ts";
import { sweepParts, writeWhole, type WholeFile } from "./whole-file.ts";

const MIB = 1024 * 1024;

async function* bytes(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* endingIn(error: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  throw error;
}

async function* endless(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  await new Promise(() => undefined);
}

function whole(directory: string, changes: Partial<WholeFile>): WholeFile {
  const file = `${directory}/deep/er/file`;
  return { file, bytes: bytes(), maxBytes: MIB, accept: () => undefined, ...changes };
}

test("whole file: what is nothing takes no room, at the end either", async () => {
  await using directory = await tempDir();
  const [nothing, something] = [Buffer.alloc(8 * MIB), Buffer.from("something\0")];
  const pieces = [nothing, something, nothing];
  const large = whole(directory.path, { bytes: bytes(...pieces), maxBytes: 64 * MIB });
  const kept = await writeWhole(large, never);
  assert.ok((await readFile(large.file)).equals(Buffer.concat(pieces)));
  assert.equal(kept.sizeBytes, 16 * MIB + something.length);
  assert.equal(kept.sha256, createHash("sha256").update(Buffer.concat(pieces)).digest("hex"));
  assert.ok((await stat(large.file)).blocks * 512 < MIB);
});

test("whole file: many pieces, hashed while they are written", async () => {
  await using directory = await tempDir();
  const pieces = Array.from({ length: 33 }, (_, index) => Buffer.alloc(31_000, index));
  const kept = await writeWhole(whole(directory.path, { bytes: bytes(...pieces) }), never);
  const content = await readFile(`${directory.path}/deep/er/file`);
  assert.deepEqual(content, Buffer.concat(pieces));
  const sha256 = createHash("sha256").update(content).digest("hex");
  assert.deepEqual(kept, { sizeBytes: 33 * 31_000, sha256 });
});

const diskFull = Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" });

const ENDS: readonly (readonly [string, Partial<WholeFile>, (error: unknown) => boolean])[] = [
  [
    "the source fails",
    { bytes: endingIn(new Error("cut")) },
    (error) => String(error) === "Error: cut",
  ],
  ["the disk is full", { bytes: endingIn(diskFull) }, (error) => Refusal.is(error, "no storage")],
  [
    "there is too much of it",
    { bytes: bytes(Buffer.alloc(6), Buffer.alloc(5)), maxBytes: 10 },
    (error) => Refusal.is(error, "too large"),
  ],
  [
    "it is not accepted",
    {
      accept: () => {
        throw new Error("another one");
      },
    },
    (error) => String(error) === "Error: another one",
  ],
];

for (const [what, changes, expected] of ENDS) {
  test(`whole file: when ${what}, what was there is there still and nothing else`, async () => {
    await using directory = await tempDir();
    await writeWhole(whole(directory.path, { bytes: bytes(Buffer.from("old")) }), never);
    await assert.rejects(writeWhole(whole(directory.path, changes), never), expected);
    assert.deepEqual(await readdir(`${directory.path}/deep/er`), ["file"]);
    assert.equal(await readFile(`${directory.path}/deep/er/file`, "utf8"), "old");
  });
}

test("whole file: whoever leaves does not wait for a source that hangs", async () => {
  await using directory = await tempDir();
  const left = new AbortController();
  const writing = writeWhole(whole(directory.path, { bytes: endless() }), left.signal);
  setTimeout(() => left.abort(new Error("the client left")), 20);
  await assert.rejects(writing, /^Error: the client left$/);
  assert.deepEqual(await readdir(`${directory.path}/deep/er`), []);
});

test("whole file: what a dead daemon left half written is swept, and nothing of anybody's", async () => {
  await using directory = await tempDir();
  for (const name of [".file.1.part", "file.part", ".other"]) {
    await writeFile(`${directory.path}/${name}`, "");
  }
  await sweepParts(directory.path);
  assert.deepEqual((await readdir(directory.path)).toSorted(), [".other", "file.part"]);
  await sweepParts(`${directory.path}/none`);
});

test("bounded JSON: values, what is missing, and what is damaged", async () => {
  await using directory = await tempDir();
  const file = `${directory.path}/x.json`;
  const kinds: unknown[] = [
    (await readJson(file, 10)).kind,
    (await readJson(directory.path, 10)).kind,
  ];
  for (const content of ['{"a":1}', "{", "", '"123456789"', Buffer.from([0x22, 0xff, 0x22])]) {
    await writeFile(file, content);
    const json = await readJson(file, 10);
    kinds.push(json.kind === "damaged" ? json.reason : json.kind);
  }
  assert.deepEqual(kinds, [
    "missing",
    "damaged",
    "value",
    "it is no JSON in UTF-8",
    "it is no JSON in UTF-8",
    "it has more than 10 bytes",
    "it is no JSON in UTF-8",
  ]);
});

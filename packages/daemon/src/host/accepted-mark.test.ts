import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { SetClock } from "#testing/aleph-signers.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { AcceptedMark } from "./accepted-mark.ts";

const BEGUN = 1_748_779_200;
const clock = new SetClock("2025-06-01T12:00:00.900Z");

test("accepted mark: on a new host it is the start that counts, to the second in which clients sign", async () => {
  await using directory = await tempDir();
  assert.equal(AcceptedMark.open(path.join(directory.path, "mark"), clock).notBefore, BEGUN);
});

test("accepted mark: what was accepted is closed to the next run, also what was signed ahead of time", async () => {
  await using directory = await tempDir();
  const file = path.join(directory.path, "mark");
  const one = AcceptedMark.open(file, clock);
  for (const iat of [BEGUN, BEGUN + 290, BEGUN + 5]) one.accepted(iat);
  assert.equal(one.notBefore, BEGUN);
  assert.equal(AcceptedMark.open(file, clock).notBefore, BEGUN + 291);
  const later = new SetClock("2025-06-01T13:00:00Z");
  assert.equal(AcceptedMark.open(file, later).notBefore, BEGUN + 3600);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory.path), ["mark"]);
});

for (const text of ["", "soon\n", "-1\n", `${BEGUN + 86_401}\n`]) {
  test(`accepted mark: a file that says ${JSON.stringify(text)} says nothing`, async () => {
    await using directory = await tempDir();
    const file = path.join(directory.path, "mark");
    await writeFile(file, text);
    const mark = AcceptedMark.open(file, clock);
    assert.equal(mark.notBefore, BEGUN);
    mark.accepted(BEGUN);
    assert.equal(await readFile(file, "utf8"), `${BEGUN}\n`);
  });
}

test("accepted mark: what cannot be kept is not accepted", async () => {
  await using directory = await tempDir();
  const mark = AcceptedMark.open(path.join(directory.path, "gone", "mark"), clock);
  assert.throws(() => mark.accepted(BEGUN), { code: "ENOENT" });
});

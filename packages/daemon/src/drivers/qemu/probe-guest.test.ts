import assert from "node:assert/strict";
import { test } from "node:test";

import { PROBE_WORDS, probeInitramfs } from "./probe-guest.ts";

/** Reads a "newc" archive as the kernel does. */
function entriesOf(archive: Buffer): string[] {
  const entries: string[] = [];
  const field = (at: number, index: number) =>
    Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
  for (let at = 0; at < archive.length;) {
    assert.equal(archive.toString("latin1", at, at + 6), "070701");
    const [mode, size, nameSize] = [field(at, 1), field(at, 6), field(at, 11)];
    const name = archive.toString("latin1", at + 110, at + 110 + nameSize - 1);
    entries.push(`${mode.toString(8)} ${field(at, 9)}:${field(at, 10)} ${name}`);
    const contentAt = Math.ceil((at + 110 + nameSize) / 4) * 4;
    at = Math.ceil((contentAt + size) / 4) * 4;
  }
  return entries;
}

test("probe guest: the archive holds a console and one program", () => {
  assert.deepEqual(entriesOf(probeInitramfs()), [
    "40755 0:0 dev",
    "20600 5:1 dev/console",
    "100755 0:0 init",
    "0 0:0 TRAILER!!!",
  ]);
});

test("probe guest: the program is an executable for x86-64 that carries its words", () => {
  const archive = probeInitramfs();
  const elf = archive.subarray(archive.indexOf("\u007fELF", "latin1"));

  assert.equal(elf.readUInt16LE(18), 62);
  assert.ok(elf.includes(`${PROBE_WORDS}\n`));
});

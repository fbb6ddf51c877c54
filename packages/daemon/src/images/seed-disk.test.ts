import assert from "node:assert/strict";
import { test } from "node:test";

import { seedDisk } from "./seed-disk.ts";

const SECTOR = 2048;

/** The files of an ISO 9660 file system, read as its standard says. */
function filesOf(image: Buffer): Record<string, string> {
  const descriptor = image.subarray(16 * SECTOR, 17 * SECTOR);
  assert.equal(descriptor.toString("latin1", 1, 6), "CD001");
  const at = descriptor.readUInt32LE(156 + 2) * SECTOR;
  const directory = image.subarray(at, at + descriptor.readUInt32LE(156 + 10));
  const files: Record<string, string> = {};
  for (let next = 0; (directory[next] ?? 0) > 0; next += directory[next] ?? 0) {
    if ((directory.readUInt8(next + 25) & 2) !== 0) continue;
    const name = directory.toString(
      "latin1",
      next + 33,
      next + 33 + directory.readUInt8(next + 32),
    );
    const begin = directory.readUInt32LE(next + 2) * SECTOR;
    assert.equal(directory.readUInt32BE(next + 6) * SECTOR, begin);
    files[name] = image.toString("utf8", begin, begin + directory.readUInt32LE(next + 10));
  }
  return files;
}

test("seed: a file system with the label cidata, and every file as it was given", () => {
  const files = {
    "user-data": `#cloud-config\n${"k".repeat(3 * SECTOR)}`,
    "meta-data": "{}\n",
    "network-config": "",
  };
  const image = seedDisk(files);

  assert.equal(image.toString("latin1", 16 * SECTOR + 40, 16 * SECTOR + 72).trim(), "cidata");
  assert.deepEqual(filesOf(image), files);
  assert.equal(image.length % SECTOR, 0);
  assert.equal(image.readUInt32LE(16 * SECTOR + 80) * SECTOR, image.length);
});

test("seed: the same words give the same bytes", () => {
  assert.deepEqual(seedDisk({ a: "1", b: "2" }), seedDisk({ b: "2", a: "1" }));
});

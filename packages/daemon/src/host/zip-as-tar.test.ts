import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { zipAsTar } from "./zip-as-tar.ts";

/** Two files and a directory, as Python's `zipfile` writes them; the second file is deflated, in a long directory. */
const ARCHIVE = [
  "UEsDBBQAAAAAAAAAIQAdnfsECgAAAAoAAAAHAAAAYmluL3J1biMhL2Jpbi9zaApQSwMEFAAAAAAAAAAhAAAAAAAAAAAAAAAA",
  "AAYAAABlbXB0eS9QSwMEFAAACAgAAAAhAM84eseDAQAAkNADAIIAAABkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRk",
  "ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRk",
  "ZGRkZGRkZGRkZGRkZGRkZGQvdMOkc3QudHh07cQhAQAACAOwKnTDYC7pTxA2sWxPRZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIk",
  "SZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIk",
  "SZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIk",
  "SZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIk",
  "SZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIk",
  "SZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIkSZIk6W8HUEsBAhQDFAAAAAAAAAAhAB2d",
  "+wQKAAAACgAAAAcAAAAAAAAAAAAAAO2BAAAAAGJpbi9ydW5QSwECFAMUAAAAAAAAACEAAAAAAAAAAAAAAAAABgAAAAAAAAAA",
  "AAAAgAEvAAAAZW1wdHkvUEsBAhQDFAAACAgAAAAhAM84eseDAQAAkNADAIIAAAAAAAAAAAAAAIABUwAAAGRkZGRkZGRkZGRk",
  "ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRk",
  "ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZC90w6RzdC50eHRQSwUGAAAAAAMAAwAZAQAAdgIAAAAA",
].join("");

const whole = Buffer.from(ARCHIVE, "base64");

async function tarOf(zip: Buffer): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(zipAsTar(zip)));
}

test("zip: what is in it comes out of the tar, with its modes and long names", async () => {
  await using directory = await tempDir();
  const there = path.join(directory.path, "out");
  mkdirSync(there);
  execFileSync("tar", ["-xf", "-", "-C", there], { input: await tarOf(whole) });
  assert.equal(readFileSync(path.join(there, "bin/run"), "utf8"), "#!/bin/sh\n");
  assert.equal(statSync(path.join(there, "bin/run")).mode & 0o111, 0o111);
  assert.ok(statSync(path.join(there, "empty")).isDirectory());
  const long = path.join(there, "d".repeat(120), "täst.txt");
  assert.equal(readFileSync(long, "utf8"), "much ".repeat(50_000));
});

test("zip: what is damaged, cut off, or none at all is refused", async () => {
  await assert.rejects(tarOf(Buffer.from("#!/bin/sh\n".repeat(10))), /no zip archive/);
  await assert.rejects(tarOf(Buffer.alloc(0)), /no zip archive/);
  await assert.rejects(tarOf(whole.subarray(200)), /zip archive|damaged/);
  const flipped = Buffer.from(whole);
  flipped[45] = 0xff ^ (flipped[45] ?? 0); // in the first file's content
  await assert.rejects(tarOf(flipped), /damaged/);
});

test("zip: a changed byte makes a tar, or a refusal, and never anything else", async () => {
  for (let at = 0; at < whole.length; at += 5) {
    const changed = Buffer.from(whole);
    changed[at] = 0xff ^ (changed[at] ?? 0);
    await tarOf(changed).catch((error: unknown) => assert.ok(error instanceof Error));
  }
});

test("zip: an archive that says it holds more than fits is not unpacked", async () => {
  const changed = Buffer.from(whole);
  const entry = changed.indexOf(Buffer.from("504b0102", "hex"));
  changed.writeUInt32LE(0xf0000000, entry + 24);
  await assert.rejects(tarOf(changed), /holds too much/);
});

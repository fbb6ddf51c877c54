/** Tar archives by hand: ones that no honest program writes, and a reader that refuses unclean names. */

import assert from "node:assert/strict";

const BLOCK_BYTES = 512;

export interface TarEntry {
  readonly name: string;
  /** `0` file, `5` directory, `1` hard link, `2` symbolic link, `3` character device */
  readonly type?: "0" | "1" | "2" | "3" | "5";
  readonly content?: string | Buffer;
  readonly mode?: number;
  /** seconds since 1970 */
  readonly mtime?: number;
  readonly link?: string;
}

export function tarOf(...entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(packed), Buffer.alloc(2 * BLOCK_BYTES)]);
}

function packed(entry: TarEntry): Buffer {
  const { name, type = "0", mode = 0o644, mtime = 1_600_000_000, link = "" } = entry;
  const content = Buffer.from(entry.content ?? "");
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(mtime, 11), 136);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write("ustar\u000000", 257);
  header.write(octal(1, 7), 329);
  header.write(octal(3, 7), 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\u0000 `, 148);
  const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return Buffer.concat([header, content, padding]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** One entry as it was read; a directory's name ends with a slash. */
export interface ReadEntry {
  readonly name: string;
  readonly mode: number;
  readonly mtime: number;
  readonly content: string;
}

/** Fails as the Go client does: on names that are absolute, not clean, or lead anywhere else. */
export function entriesOf(archive: Buffer): readonly ReadEntry[] {
  assert.equal(archive.length % BLOCK_BYTES, 0, "a tar is made of whole blocks");
  const entries: ReadEntry[] = [];
  let at = 0;
  for (;;) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    assert.equal(header.length, BLOCK_BYTES, "the archive's end is missing");
    if (header.every((byte) => byte === 0)) return entries;
    assert.equal(header.toString("latin1", 257, 262), "ustar");
    const size = numberAt(header, 124, 12);
    const type = header.toString("latin1", 156, 157);
    assert.match(type, /^[05]$/, "only files and directories");
    const content = archive.toString("utf8", at + BLOCK_BYTES, at + BLOCK_BYTES + size);
    const name = textAt(header, 0, 100);
    assertClean(name, type);
    entries.push({
      name,
      mode: numberAt(header, 100, 8),
      mtime: numberAt(header, 136, 12),
      content,
    });
    at += BLOCK_BYTES * (1 + Math.ceil(size / BLOCK_BYTES));
  }
}

function assertClean(name: string, type: string): void {
  assert.equal(name.endsWith("/"), type === "5", `${name}: only directories end with a slash`);
  const parts = name.replace(/\/$/, "").split("/");
  for (const part of parts) assert.ok(!["", ".", ".."].includes(part), `not a clean name: ${name}`);
}

function textAt(header: Buffer, at: number, length: number): string {
  return header.toString("utf8", at, at + length).replace(/\0.*$/s, "");
}

function numberAt(header: Buffer, at: number, length: number): number {
  return Number.parseInt(textAt(header, at, length).trim(), 8);
}

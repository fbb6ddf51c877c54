/**
 * Zip archives of strangers, told again as tar: guests' agents unpack that, and need no tools for it.
 *
 * Only what the central directory names is looked at: files and directories, stored or deflated. Sizes are believed as far as the bounds.
 */

import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";

import { MIB } from "#lib/bytes.ts";

/** files and directories in one archive */
const MAX_ENTRIES = 20_000;
/** of all that is in an archive, in bytes */
const MAX_UNPACKED_BYTES = 256 * MIB;
/** of a name, in bytes */
const MAX_NAME_BYTES = 1024;

const BLOCK = 512;
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const MADE_BY_UNIX = 3;

const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);

interface Entry {
  readonly name: Buffer;
  readonly isDirectory: boolean;
  /** permission bits */
  readonly mode: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  /** of its local header */
  readonly at: number;
}

/** @throws Error that says what is wrong with the archive */
export async function* zipAsTar(archive: Buffer): AsyncGenerator<Buffer, undefined> {
  const entries = entriesOf(archive);
  for (const entry of entries) {
    const content = entry.isDirectory ? Buffer.alloc(0) : await contentOf(archive, entry);
    const name = Buffer.from(`path=${entry.name.toString("utf8")}\n`);
    yield* [header("x", pax(name).length, 0o644), padded(pax(name))];
    yield header(entry.isDirectory ? "5" : "0", content.length, entry.mode);
    if (content.length > 0) yield padded(content);
  }
  yield Buffer.alloc(2 * BLOCK);
  return undefined;
}

function entriesOf(archive: Buffer): readonly Entry[] {
  const end = endOf(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  if (count > MAX_ENTRIES) throw new Error(`more than ${MAX_ENTRIES} files in a zip archive`);
  const entries: Entry[] = [];
  let unpacked = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + ENTRY_BYTES > end || archive.readUInt32LE(at) !== ENTRY_SIGNATURE)
      throw new Error("the directory of a zip archive is damaged");
    const entry = entryAt(archive, at);
    unpacked += entry.sizeBytes;
    if (unpacked > MAX_UNPACKED_BYTES) throw new Error("a zip archive holds too much");
    entries.push(entry);
    const lengths = archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    at += ENTRY_BYTES + archive.readUInt16LE(at + 28) + lengths;
  }
  return entries;
}

function endOf(archive: Buffer): number {
  const first = Math.max(archive.length - END_BYTES - MAX_COMMENT_BYTES, 0);
  for (let at = archive.length - END_BYTES; at >= first; at -= 1) {
    if (archive.readUInt32LE(at) === END_SIGNATURE) return at;
  }
  throw new Error("no zip archive");
}

function entryAt(archive: Buffer, at: number): Entry {
  const nameBytes = archive.readUInt16LE(at + 28);
  const name = archive.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES || name.includes(0))
    throw new Error("a name in a zip archive is too long, or none");
  if (archive.readUInt16LE(at + 8) & ENCRYPTED) throw new Error("an encrypted zip archive");
  const isUnix = archive.readUInt16LE(at + 4) >> 8 === MADE_BY_UNIX;
  const mode = isUnix ? (archive.readUInt32LE(at + 38) >>> 16) & 0o777 : 0;
  const isDirectory = name.at(-1) === "/".charCodeAt(0);
  return {
    name,
    isDirectory,
    mode: mode || (isDirectory ? 0o755 : 0o644),
    method: archive.readUInt16LE(at + 10),
    crc: archive.readUInt32LE(at + 16),
    packedBytes: archive.readUInt32LE(at + 20),
    sizeBytes: archive.readUInt32LE(at + 24),
    at: archive.readUInt32LE(at + 42),
  };
}

async function contentOf(archive: Buffer, entry: Entry): Promise<Buffer> {
  const { at, packedBytes, sizeBytes, method, crc } = entry;
  if (at + LOCAL_BYTES > archive.length || archive.readUInt32LE(at) !== LOCAL_SIGNATURE)
    throw new Error("a file of a zip archive is not where its directory says");
  const from = at + LOCAL_BYTES + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  const packed = archive.subarray(from, from + packedBytes);
  if (packed.length < packedBytes) throw new Error("a zip archive is cut off");
  const content = await unpack(packed, method, sizeBytes);
  if (content.length !== sizeBytes || crc32(content) !== crc)
    throw new Error("a file of a zip archive is damaged");
  return content;
}

async function unpack(packed: Buffer, method: number, sizeBytes: number): Promise<Buffer> {
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw new Error(`a zip archive packed by method ${method}`);
  return await inflate(packed, { maxOutputLength: Math.max(sizeBytes, 1) });
}

/** One record, which begins with its own length. */
function pax(text: Buffer): Buffer {
  let length = text.length + 2;
  while (String(length).length + 1 + text.length !== length) {
    length = String(length).length + 1 + text.length;
  }
  return Buffer.concat([Buffer.from(`${length} `), text]);
}

/** The name is in the record before it. */
function header(kind: "x" | "0" | "5", sizeBytes: number, mode: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write("entry", 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(sizeBytes, 11), 124);
  block.write(octal(0, 11), 136);
  block.write("        ", 148);
  block.write(kind, 156);
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padded(content: Buffer): Buffer {
  const rest = content.length % BLOCK;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)]);
}

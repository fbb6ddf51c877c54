/** The ustar archives that fake guests read and write: directories, regular files, short names. */

import { refusal } from "./refusal.ts";

const BLOCK = 512;
const NAME_BYTES = 100;

export interface TarEntry {
  /** clean and relative, without a slash at the end */
  readonly name: string;
  readonly kind: "file" | "directory" | "other";
  readonly mode: number;
  readonly content: Buffer;
}

export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => [header(entry), padded(entry.content)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** Throws `bad_archive` for a damaged or cut archive, `unsafe_path` for a name that leaves the target. */
export function readTar(archive: Buffer): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  for (let at = 0; ;) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.length < BLOCK) throw refusal("bad_archive", "The archive is cut off");
    if (block.every((byte) => byte === 0)) return entries;
    const entry = entryAt(archive, at);
    entries.push(entry);
    at += BLOCK + Math.ceil(entry.content.length / BLOCK) * BLOCK;
  }
}

function entryAt(archive: Buffer, at: number): TarEntry {
  const block = archive.subarray(at, at + BLOCK);
  if (octal(block, 148, 8) !== checksum(block)) {
    throw refusal("bad_archive", "A header of the archive is damaged");
  }
  const size = octal(block, 124, 12);
  const content = archive.subarray(at + BLOCK, at + BLOCK + size);
  if (content.length < size) throw refusal("bad_archive", "The archive is cut off");
  const prefix = text(block, 345, 155);
  const full = `${prefix === "" ? "" : `${prefix}/`}${text(block, 0, NAME_BYTES)}`;
  const kind = kindOf(String.fromCharCode(block[156] ?? 0));
  return { name: cleanName(full), kind, mode: octal(block, 100, 8) & 0o777, content };
}

function kindOf(flag: string): TarEntry["kind"] {
  if (flag === "5") return "directory";
  return flag === "0" || flag === "\0" ? "file" : "other";
}

function cleanName(name: string): string {
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (name.startsWith("/") || segments.includes("..")) {
    throw refusal("unsafe_path", "A name in the archive leaves the target directory");
  }
  return segments.join("/");
}

function header(entry: TarEntry): Buffer {
  const name = entry.kind === "directory" ? `${entry.name}/` : entry.name;
  if (Buffer.byteLength(name) > NAME_BYTES) {
    throw refusal("unsupported", "A fake guest archives short names only");
  }
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0);
  writeOctal(block, entry.mode, 100, 8);
  writeOctal(block, 0, 108, 8);
  writeOctal(block, 0, 116, 8);
  writeOctal(block, entry.content.length, 124, 12);
  writeOctal(block, 0, 136, 12);
  block.write(entry.kind === "directory" ? "5" : "0", 156);
  block.write("ustar\u000000", 257);
  writeOctal(block, checksum(block), 148, 8);
  return block;
}

/** the sum of a header's bytes, its own field counted as spaces */
function checksum(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);
}

function writeOctal(block: Buffer, value: number, at: number, width: number): void {
  block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
}

function octal(block: Buffer, at: number, width: number): number {
  const digits = text(block, at, width).trim();
  if (!/^[0-7]*$/.test(digits)) throw refusal("bad_archive", "A header of the archive is damaged");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function text(block: Buffer, at: number, width: number): string {
  const field = block.subarray(at, at + width);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? width : end);
}

function padded(content: Buffer): Buffer {
  const missing = (BLOCK - (content.length % BLOCK)) % BLOCK;
  return missing === 0 ? content : Buffer.concat([content, Buffer.alloc(missing)]);
}

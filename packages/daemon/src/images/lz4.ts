/**
 * Decompresses the "legacy" LZ4 frame in which Linux kernels are packed.
 *
 * Written here because it is fifty lines and saves every host a Debian package. It trusts nothing:
 * every offset and length is checked against what has been read and written.
 */

export const LZ4_LEGACY_MAGIC = 0x184c2102;

/** what one block of a legacy frame unpacks to at most, in `bytes` */
const BLOCK_BYTES = 8 * 1024 * 1024;

/** shortest match the format can express */
const MIN_MATCH = 4;

/** @param maxBytes bound on the result; a larger one is refused */
export function decompressLz4Legacy(frame: Buffer, maxBytes: number): Buffer {
  if (frame.length < 4 || frame.readUInt32LE(0) !== LZ4_LEGACY_MAGIC) {
    throw new Error("not a legacy LZ4 frame");
  }
  const blocks: Buffer[] = [];
  let total = 0;
  let at = 4;
  // A kernel image may carry trailing bytes after the last block: fewer than a length and a block.
  while (at + 4 < frame.length) {
    const size = frame.readUInt32LE(at);
    at += 4;
    if (size === 0 || at + size > frame.length) throw new Error("the LZ4 frame is cut short");
    const block = decompressBlock(frame.subarray(at, at + size));
    at += size;
    total += block.length;
    if (total > maxBytes) throw new Error(`the LZ4 frame unpacks to more than ${maxBytes} bytes`);
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

function decompressBlock(source: Buffer): Buffer {
  const target = Buffer.allocUnsafe(BLOCK_BYTES);
  const reader = { source, at: 0 };
  let written = 0;
  while (reader.at < source.length) {
    const token = byte(reader);
    const literals = length(reader, token >> 4);
    if (reader.at + literals > source.length || written + literals > BLOCK_BYTES) damaged();
    source.copy(target, written, reader.at, reader.at + literals);
    reader.at += literals;
    written += literals;
    if (reader.at === source.length) break; // the last sequence has literals only
    const distance = byte(reader) | (byte(reader) << 8);
    const match = length(reader, token & 15) + MIN_MATCH;
    if (distance === 0 || distance > written || written + match > BLOCK_BYTES) damaged();
    written = copyMatch(target, written, distance, match);
  }
  return target.subarray(0, written);
}

/** Source and target may overlap: what was just written is then repeated, byte by byte. */
function copyMatch(target: Buffer, written: number, distance: number, match: number): number {
  if (distance >= match) {
    target.copyWithin(written, written - distance, written - distance + match);
    return written + match;
  }
  for (let index = 0; index < match; index += 1) {
    target[written + index] = target[written + index - distance] ?? 0;
  }
  return written + match;
}

interface Reader {
  readonly source: Buffer;
  at: number;
}

function length(reader: Reader, first: number): number {
  let value = first;
  if (first < 15) return value;
  for (;;) {
    const more = byte(reader);
    value += more;
    if (more < 255) return value;
  }
}

function byte(reader: Reader): number {
  const value = reader.source[reader.at];
  if (value === undefined) return damaged();
  reader.at += 1;
  return value;
}

function damaged(): never {
  throw new Error("the LZ4 block is damaged");
}

/** A zip archive of one file, stored as it is, without permissions. */

import { crc32 } from "node:zlib";

export function zipOf(name: string, text: string): Buffer {
  const content = Buffer.from(text);
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0); // version that is needed
  facts.writeUInt32LE(crc32(content), 10);
  facts.writeUInt32LE(content.length, 14);
  facts.writeUInt32LE(content.length, 18);
  facts.writeUInt16LE(Buffer.byteLength(name), 22);
  const local = Buffer.concat([Buffer.from("504b0304", "hex"), facts, Buffer.from(name), content]);
  const version = Buffer.from("1400", "hex");
  const more = Buffer.alloc(14); // no comment, no attributes, and the local header is at 0
  const entry = Buffer.concat([
    Buffer.from("504b0102", "hex"),
    version,
    facts,
    more,
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(22);
  end.write("504b0506", "hex");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}

/**
 * A seed for cloud-init (NoCloud): a small ISO 9660 file system with the label that it looks for.
 * Layout: ECMA-119. Names are longer and plainer than that allows, as every system that reads seeds takes them.
 */

const SECTOR = 2048;
const ROOT_SECTOR = 20;
const LABEL = "cidata";

/** @param files by name: plain ASCII, at most 30 characters, without `/` and `;` */
export function seedDisk(files: Readonly<Record<string, string>>): Buffer {
  const contents = Object.entries(files).map(([name, text]) => ({
    name,
    bytes: Buffer.from(text),
  }));
  let next = ROOT_SECTOR + 1;
  const placed = contents
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, bytes }) => {
      const at = next;
      next += Math.max(1, Math.ceil(bytes.length / SECTOR));
      return { name, bytes, at };
    });
  const image = Buffer.alloc(next * SECTOR);
  const root = directoryRecord("\0", { at: ROOT_SECTOR, size: SECTOR, isDirectory: true });
  writeDescriptor(image, next, root);
  writePathTables(image);
  const parent = directoryRecord("\x01", { at: ROOT_SECTOR, size: SECTOR, isDirectory: true });
  const records = placed.map(({ name, bytes, at }) =>
    directoryRecord(name, { at, size: bytes.length, isDirectory: false }),
  );
  const directory = Buffer.concat([root, parent, ...records]);
  if (directory.length > SECTOR) throw new Error("a seed disk has room for a few files only");
  directory.copy(image, ROOT_SECTOR * SECTOR);
  for (const { bytes, at } of placed) bytes.copy(image, at * SECTOR);
  return image;
}

interface Extent {
  /** sector */
  readonly at: number;
  /** bytes */
  readonly size: number;
  readonly isDirectory: boolean;
}

function directoryRecord(name: string, { at, size, isDirectory }: Extent): Buffer {
  const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
  const record = Buffer.alloc(length);
  record.writeUInt8(length, 0);
  bothEndian32(record, 2, at);
  bothEndian32(record, 10, size);
  record.writeUInt8(80, 18); // the year 1980, and January 1
  record.writeUInt8(1, 19);
  record.writeUInt8(1, 20);
  record.writeUInt8(isDirectory ? 2 : 0, 25);
  bothEndian16(record, 28, 1);
  record.writeUInt8(name.length, 32);
  record.write(name, 33, "latin1");
  return record;
}

const DESCRIPTOR_SECTOR = 16;
const PATH_TABLES = { little: 18, big: 19 } as const;
const PATH_TABLE_BYTES = 10;

function writeDescriptor(image: Buffer, sectors: number, root: Buffer): void {
  const it = image.subarray(DESCRIPTOR_SECTOR * SECTOR, (DESCRIPTOR_SECTOR + 1) * SECTOR);
  it.write("\x01CD001\x01", 0, "latin1");
  it.fill(" ", 8, 72);
  it.write(LABEL, 40, "latin1");
  bothEndian32(it, 80, sectors);
  bothEndian16(it, 120, 1);
  bothEndian16(it, 124, 1);
  bothEndian16(it, 128, SECTOR);
  bothEndian32(it, 132, PATH_TABLE_BYTES);
  it.writeUInt32LE(PATH_TABLES.little, 140);
  it.writeUInt32BE(PATH_TABLES.big, 148);
  root.copy(it, 156);
  it.fill(" ", 190, 813);
  for (const at of [813, 830, 847, 864]) it.write("0".repeat(16), at, "latin1");
  it.writeUInt8(1, 881);
  image.write("\xffCD001\x01", (DESCRIPTOR_SECTOR + 1) * SECTOR, "latin1");
}

function writePathTables(image: Buffer): void {
  for (const [order, sector] of Object.entries(PATH_TABLES)) {
    const at = sector * SECTOR;
    image.writeUInt8(1, at);
    if (order === "little") {
      image.writeUInt32LE(ROOT_SECTOR, at + 2);
      image.writeUInt16LE(1, at + 6);
    } else {
      image.writeUInt32BE(ROOT_SECTOR, at + 2);
      image.writeUInt16BE(1, at + 6);
    }
  }
}

function bothEndian32(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value, at);
  buffer.writeUInt32BE(value, at + 4);
}

function bothEndian16(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt16LE(value, at);
  buffer.writeUInt16BE(value, at + 2);
}

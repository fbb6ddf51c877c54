/**
 * Writes cpio archives in the "newc" form, the one the kernel unpacks as an initramfs.
 *
 * The same entries always give the same bytes: times, owners and inode numbers are fixed, and
 * entries keep their order. Parents must come before what is in them, as the kernel makes nothing
 * by itself.
 */

export type CpioEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly content: Uint8Array;
    }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  | {
      readonly kind: "characterDevice";
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const TYPE_BITS = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  characterDevice: 0o020000,
};

const TRAILER = "TRAILER!!!";

/** @param entries paths without a leading slash */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => recordOf(entry, index + 1));
  parts.push(header({ ino: 0, mode: 0, nlink: 1, size: 0, major: 0, minor: 0, name: TRAILER }));
  return padded(Buffer.concat(parts), 512);
}

function recordOf(entry: CpioEntry, ino: number): Buffer[] {
  const content = contentOf(entry);
  const device = entry.kind === "characterDevice" ? entry : { major: 0, minor: 0 };
  const permissions = entry.kind === "symlink" ? 0o777 : entry.mode;
  const fields = {
    ino,
    mode: TYPE_BITS[entry.kind] | permissions,
    nlink: entry.kind === "directory" ? 2 : 1,
    size: content.length,
    major: device.major,
    minor: device.minor,
    name: entry.path,
  };
  return [header(fields), padded(content, 4)];
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.kind === "symlink") return Buffer.from(entry.target);
  return entry.kind === "file" ? Buffer.from(entry.content) : Buffer.alloc(0);
}

interface Header {
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  readonly major: number;
  readonly minor: number;
  readonly name: string;
}

function header(of: Header): Buffer {
  const name = Buffer.from(`${of.name}\0`);
  const owner = 0;
  const mtime = 0;
  const numbers = [of.ino, of.mode, owner, owner, of.nlink, mtime, of.size];
  const devices = [0, 0, of.major, of.minor];
  const check = 0;
  const hex = [...numbers, ...devices, name.length, check]
    .map((value) => value.toString(16).padStart(8, "0"))
    .join("");
  return padded(Buffer.concat([Buffer.from(`070701${hex}`), name]), 4);
}

function padded(bytes: Buffer, alignment: number): Buffer {
  const missing = (alignment - (bytes.length % alignment)) % alignment;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}

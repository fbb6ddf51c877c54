/**
 * Takes the ELF kernel (`vmlinux`) out of a bzImage.
 *
 * A hypervisor boots the ELF directly through its PVH entry, which saves the guest its own
 * decompression (0.4 s under emulation). Offsets are those of the x86 boot protocol.
 */

import { gunzipSync, zstdDecompressSync } from "node:zlib";

import { run } from "#process/run.ts";

import { decompressLz4Legacy } from "./lz4.ts";

/** no kernel unpacks to more than this, in `bytes` */
const MAX_VMLINUX_BYTES = 512 * 1024 * 1024;

const SECTOR_BYTES = 512;
const SETUP_SECTORS_AT = 0x1f1;
const HEADER_MAGIC_AT = 0x202;
const PAYLOAD_OFFSET_AT = 0x248;
const PAYLOAD_LENGTH_AT = 0x24c;
/** the build appends the unpacked size to the compressed payload */
const SIZE_TRAILER_BYTES = 4;

type Unpack = (payload: Buffer, signal: AbortSignal) => Promise<Buffer>;

interface Compression {
  readonly name: string;
  readonly magic: readonly number[];
  readonly unpack?: Unpack;
}

const LIMIT = { maxOutputLength: MAX_VMLINUX_BYTES };

/** All that a kernel build can choose. Those without `unpack` are recognised and refused by name. */
const COMPRESSIONS: readonly Compression[] = [
  { name: "none", magic: [0x7f, 0x45, 0x4c, 0x46], unpack: async (payload) => payload },
  { name: "gzip", magic: [0x1f, 0x8b], unpack: async (payload) => gunzipSync(payload, LIMIT) },
  {
    name: "zstd",
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    unpack: async (payload) => zstdDecompressSync(payload, LIMIT),
  },
  {
    name: "lz4",
    magic: [0x02, 0x21, 0x4c, 0x18],
    unpack: async (payload) => decompressLz4Legacy(payload, MAX_VMLINUX_BYTES),
  },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unpack: unpackXz },
  { name: "bzip2", magic: [0x42, 0x5a, 0x68] },
  { name: "lzma", magic: [0x5d, 0x00, 0x00] },
  { name: "lzo", magic: [0x89, 0x4c, 0x5a, 0x4f] },
];

/** @returns the ELF kernel; rejects with a sentence saying what is wrong with the image */
export async function extractVmlinux(bzImage: Buffer, signal: AbortSignal): Promise<Buffer> {
  const payload = payloadOf(bzImage);
  const compression = COMPRESSIONS.find(({ magic }) => startsWith(payload, magic));
  if (!compression) {
    const head = payload.subarray(0, 6).toString("hex");
    throw new Error(
      `the kernel's payload is compressed in an unknown way (it begins with ${head})`,
    );
  }
  if (!compression.unpack)
    throw new Error(`kernels compressed with ${compression.name} are not supported`);
  const vmlinux = await compression.unpack(payload, signal);
  if (!startsWith(vmlinux, [0x7f, 0x45, 0x4c, 0x46])) {
    throw new Error(`the kernel's ${compression.name} payload is not an ELF file`);
  }
  return vmlinux;
}

function payloadOf(bzImage: Buffer): Buffer {
  if (bzImage.length < PAYLOAD_LENGTH_AT + 4) throw new Error("the kernel image is too short");
  if (bzImage.toString("latin1", HEADER_MAGIC_AT, HEADER_MAGIC_AT + 4) !== "HdrS") {
    throw new Error("the kernel image is not a bzImage");
  }
  // The boot protocol: zero means four, for images older than the field.
  const setupSectors = bzImage.readUInt8(SETUP_SECTORS_AT) || 4;
  const start = (setupSectors + 1) * SECTOR_BYTES + bzImage.readUInt32LE(PAYLOAD_OFFSET_AT);
  const end = start + bzImage.readUInt32LE(PAYLOAD_LENGTH_AT);
  if (end > bzImage.length || end - start <= SIZE_TRAILER_BYTES) {
    throw new Error("the kernel image's payload lies outside the file");
  }
  return bzImage.subarray(start, end - SIZE_TRAILER_BYTES);
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((value, index) => bytes[index] === value);
}

function unpackXz(payload: Buffer, signal: AbortSignal): Promise<Buffer> {
  const spec = { file: "xz", args: ["-dc"], input: payload, maxOutputBytes: MAX_VMLINUX_BYTES };
  return run(spec, signal);
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { run } from "#process/run.ts";

import { decompressLz4Legacy } from "./lz4.ts";
import { extractVmlinux } from "./vmlinux.ts";

const never = new AbortController().signal;

/** made by `lz4 -l -9` from `ELF` */
const LZ4_FRAME = Buffer.from(
  "AiFMGK8AAADxGH9FTEZsaW5lIDAgb2YgYSBrZXJuZWwgdGhhdCBpcyBub3Qgb25lCiMAHzEjAA8fMiMADx8zIwAPHzQjAA8fNSMA" +
    "Dx82IwAKD/UA//////////////////////////////////9qH2EBAP8Z8DEAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e" +
    "HyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/",
  "base64",
);

const ELF = Buffer.concat([
  Buffer.from("\x7fELF", "latin1"),
  ...Array.from({ length: 200 }, (_, index) =>
    Buffer.from(`line ${index % 7} of a kernel that is not one\n`),
  ),
  Buffer.alloc(300, "a"),
  Buffer.from(Array.from({ length: 64 }, (_, index) => index)),
]);

/** A bzImage with nothing in it but a header, some setup code and the payload. */
function bzImage(payload: Buffer, setupSectors = 3): Buffer {
  const start = (setupSectors + 1) * 512;
  const codeBytes = 100;
  const image = Buffer.alloc(start + codeBytes + payload.length + 4 + 50);
  image.writeUInt8(setupSectors, 0x1f1);
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt32LE(codeBytes, 0x248);
  image.writeUInt32LE(payload.length + 4, 0x24c);
  payload.copy(image, start + codeBytes);
  image.writeUInt32LE(ELF.length, start + codeBytes + payload.length);
  return image;
}

describe("vmlinux", () => {
  const packed: [string, Buffer][] = [
    ["none", ELF],
    ["gzip", gzipSync(ELF)],
    ["zstd", zstdCompressSync(ELF)],
    ["lz4", LZ4_FRAME],
  ];
  for (const [compression, payload] of packed) {
    test(`is taken out of a bzImage with compression ${compression}`, async () => {
      assert.deepEqual(await extractVmlinux(bzImage(payload), never), ELF);
    });
  }

  test("is taken out of a bzImage with compression xz", async () => {
    const args = ["-c", "--check=crc32"];
    const payload = await run({ file: "xz", args, input: ELF }, never);
    assert.deepEqual(await extractVmlinux(bzImage(payload), never), ELF);
  });

  const refusals: [string, Buffer, RegExp][] = [
    ["a file that is too short", Buffer.alloc(100), /too short/],
    ["a file that is no kernel", Buffer.alloc(4096), /not a bzImage/],
    [
      "a known compression without support",
      bzImage(Buffer.from("BZh91AY")),
      /bzip2 are not supported/,
    ],
    [
      "an unknown compression",
      bzImage(Buffer.from("whatever")),
      /unknown way \(it begins with 776861746576\)/,
    ],
    ["a payload that is no ELF", bzImage(gzipSync(Buffer.from("hello"))), /not an ELF/],
    ["a payload outside the file", bzImage(ELF).subarray(0, 4000), /outside the file/],
  ];
  for (const [what, image, message] of refusals) {
    test(`${what} is refused with a reason`, async () => {
      await assert.rejects(extractVmlinux(image, never), message);
    });
  }
});

describe("lz4", () => {
  test("a frame with any one byte changed is refused or unpacks within bounds", () => {
    for (let at = 4; at < LZ4_FRAME.length; at += 1) {
      for (const value of [0x00, 0x7f, 0xff]) {
        const damaged = Buffer.from(LZ4_FRAME);
        damaged[at] = value;
        try {
          assert.ok(decompressLz4Legacy(damaged, 16 * 1024 * 1024).length <= 16 * 1024 * 1024);
        } catch (error) {
          assert.match(String(error), /LZ4/);
        }
      }
    }
  });

  test("a frame that unpacks to more than allowed is refused", () => {
    assert.throws(() => decompressLz4Legacy(LZ4_FRAME, 1000), /more than 1000 bytes/);
  });
});

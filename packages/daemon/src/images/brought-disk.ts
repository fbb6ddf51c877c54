/** What a disk is that somebody brought: its format, and how it boots. It is only read. */

import { open } from "node:fs/promises";
import path from "node:path";

import { Refusal } from "#core/aleph/refusal.ts";
import type { DiskFormat } from "#core/image/manifest.ts";
import { AlcoveError } from "#core/errors.ts";
import type { OwnRoot } from "#core/vm/vm.ts";
import { run } from "#process/run.ts";

import { inspectDisk } from "./disk-import.ts";
import { HEADER_LOOK_BYTES, virtualSizeOf } from "./qcow2.ts";
import { tempFile } from "./temp-file.ts";

export interface DiskOnFile {
  readonly path: string;
  readonly format: DiskFormat;
  readonly virtualSizeBytes: number;
  readonly boot: OwnRoot["boot"];
}

const HEAD_BYTES = 4096;
const EXT4_MAGIC_AT = 1024 + 56;
const EXT4_MAGIC = 0xef53;

/** @throws Refusal `bad request` for a file that is no disk, or that leans on other files */
export async function lookAtDisk(file: string, signal: AbortSignal): Promise<DiskOnFile> {
  const { format, virtualSizeBytes } = await facts(file, signal);
  const head = format === "raw" ? await headOf(file) : await headOfQcow2(file, signal);
  const isFileSystem =
    head.length > EXT4_MAGIC_AT + 2 && head.readUInt16LE(EXT4_MAGIC_AT) === EXT4_MAGIC;
  return { path: file, format, virtualSizeBytes, boot: isFileSystem ? "kernel" : "firmware" };
}

/** @returns the size of one of our own overlays as the guest sees it, in bytes. @throws Error for what is none */
export async function sizeOfOverlay(file: string): Promise<number> {
  return virtualSizeOf((await headOf(file)).subarray(0, HEADER_LOOK_BYTES));
}

async function facts(file: string, signal: AbortSignal) {
  try {
    return await inspectDisk(file, signal);
  } catch (error) {
    if (!AlcoveError.is(error, "invalid_request")) throw error;
    // Whose file it is, and where it lies, is nothing for clients.
    const words = error.message.replaceAll(file, path.basename(file));
    throw new Refusal("bad request", `Not a disk that can be used: ${words}`, { cause: error });
  }
}

async function headOf(file: string): Promise<Buffer> {
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

async function headOfQcow2(file: string, signal: AbortSignal): Promise<Buffer> {
  await using head = await tempFile();
  const args = ["dd", "-f", "qcow2", "-O", "raw", `bs=${HEAD_BYTES}`, "count=1"];
  await run({ file: "qemu-img", args: [...args, `if=${file}`, `of=${head.path}`] }, signal);
  return await headOf(head.path);
}

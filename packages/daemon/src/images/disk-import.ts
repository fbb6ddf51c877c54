/**
 * Takes in a disk image that somebody brings: raw or qcow2, after looking at what it really is.
 *
 * A disk image can name other files of this host (backing files, data files), so nothing is opened
 * by guessing twice: the format is found once, and every later step is told it.
 */

import { open, stat } from "node:fs/promises";
import path from "node:path";

import { invalidRequest } from "#core/errors.ts";
import {
  type DiskFormat,
  type ImageManifest,
  type KernelPart,
  manifestOf,
  MANIFEST_SCHEMA,
} from "#core/image/manifest.ts";
import { parseImageName } from "#core/image/reference.ts";
import { GIB, humanBytes } from "#lib/bytes.ts";
import { ProgramFailed, run, runText } from "#process/run.ts";

import { type BuildContext, during, scratchDir } from "./build-tools.ts";
import type { LocalImageStore } from "./local-image-store.ts";

/** largest disk taken in, as the guest would see it, in `bytes` */
export const MAX_IMPORT_BYTES = 256 * GIB;

export interface ImportRequest {
  readonly name: string;
  readonly file: string;
  readonly kernel: KernelPart;
  /** device the kernel mounts as root; `undefined` for the whole disk */
  readonly rootDevice: string | undefined;
  /** `raw` turns qcow2 into a sparse raw file, `as-is` keeps it */
  readonly form: "raw" | "as-is";
  readonly store: LocalImageStore;
}

export interface DiskFacts {
  readonly format: DiskFormat;
  readonly virtualSizeBytes: number;
}

/** The caller holds the store's lock. Rejects with `invalid_request` for a disk that is not taken. */
export async function importDisk(
  context: BuildContext,
  request: ImportRequest,
  signal: AbortSignal,
): Promise<ImageManifest> {
  const { store } = request;
  const name = parseImageName(request.name);
  const file = path.resolve(request.file);
  const facts = await during(context, "look at the disk", () => inspectDisk(file, signal));
  await using scratch = await scratchDir(store.root, "import");
  const raw = facts.format === "raw" || request.form === "raw";
  const source = facts.format === "qcow2" && raw ? path.join(scratch.path, "disk.raw") : file;
  if (source !== file) {
    const args = ["convert", "-f", "qcow2", "-O", "raw", file, source];
    await during(context, "convert the disk", () => run({ file: "qemu-img", args }, signal));
  }
  const { filesystem, args } = await rootOf(raw ? source : undefined, request.rootDevice);
  const blob = await during(context, "store the disk", () => store.blobs.putFile(source, signal));
  const format: DiskFormat = raw ? "raw" : "qcow2";
  const manifest = manifestOf(
    {
      schema: MANIFEST_SCHEMA,
      kind: "image",
      name,
      kernel: request.kernel,
      preferredKernels: [],
      rootfs: { blob, format, filesystem, virtualSizeBytes: facts.virtualSizeBytes },
      args,
      init: "none",
      agentVersion: null,
      defaultUser: null,
      packages: [],
    },
    new Date(),
  );
  await store.manifests.save(manifest);
  return manifest;
}

/** Asks qemu-img what a file is. Rejects with `invalid_request` for what could not be trusted or used. */
export async function inspectDisk(file: string, signal: AbortSignal): Promise<DiskFacts> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw refused(`${file} is not a file`);
  const facts = await askQemuImg(file, signal);
  const { format, virtualSize, actualSize } = facts;
  if (format !== "raw" && format !== "qcow2") {
    throw refused(`${file} is of format ${format}; only raw and qcow2 disks can be imported`);
  }
  if (facts.leansOn !== undefined) {
    throw refused(
      `${file} needs another file (${facts.leansOn}); flatten it first with qemu-img convert`,
    );
  }
  if (facts.encrypted) throw refused(`${file} is encrypted; decrypt it first`);
  if (facts.damaged)
    throw refused(`${file} is marked as damaged; repair it first with qemu-img check -r all`);
  const size = Math.max(virtualSize, actualSize);
  if (size === 0) throw refused(`${file} is empty`);
  if (size > MAX_IMPORT_BYTES) {
    throw refused(
      `${file} is ${humanBytes(size)} large; at most ${humanBytes(MAX_IMPORT_BYTES)} are taken`,
    );
  }
  return { format, virtualSizeBytes: virtualSize };
}

interface QemuImgFacts {
  readonly format: string;
  readonly virtualSize: number;
  readonly actualSize: number;
  /** other file the disk depends on */
  readonly leansOn: string | undefined;
  readonly encrypted: boolean;
  readonly damaged: boolean;
}

async function askQemuImg(file: string, signal: AbortSignal): Promise<QemuImgFacts> {
  let text: string;
  try {
    text = await runText({ file: "qemu-img", args: ["info", "--output=json", file] }, signal);
  } catch (error) {
    if (error instanceof ProgramFailed)
      throw refused(`${file} cannot be read as a disk: ${error.lastWords}`);
    throw error;
  }
  const info = membersOf(JSON.parse(text));
  const specific = membersOf(membersOf(info["format-specific"])["data"]);
  const leansOn = info["backing-filename"] ?? specific["data-file"];
  return {
    format: String(info["format"]),
    virtualSize: Number(info["virtual-size"]),
    actualSize: Number(info["actual-size"]),
    leansOn: leansOn === undefined ? undefined : JSON.stringify(leansOn),
    encrypted: info["encrypted"] === true || specific["encrypt"] !== undefined,
    damaged: specific["corrupt"] === true,
  };
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

const BOOT_SIGNATURE_AT = 510;
const EXT4_MAGIC_AT = 1024 + 56;

/** Where the root is: on a disk without partitions the disk itself, else the caller has to say. */
async function rootOf(
  rawFile: string | undefined,
  rootDevice: string | undefined,
): Promise<{ filesystem: string; args: string[] }> {
  if (rootDevice !== undefined) {
    if (!/^\/dev\/vd[a-z][0-9]*$/.test(rootDevice))
      throw refused("the root device must be like /dev/vda1");
    return { filesystem: "unknown", args: [`root=${rootDevice}`, "rw"] };
  }
  const head = rawFile === undefined ? Buffer.alloc(0) : await headOf(rawFile);
  if (head.length > EXT4_MAGIC_AT + 2 && head.readUInt16LE(EXT4_MAGIC_AT) === 0xef53) {
    return { filesystem: "ext4", args: ["root=/dev/vda", "rw", "rootfstype=ext4"] };
  }
  if (head.length > BOOT_SIGNATURE_AT + 2 && head.readUInt16BE(BOOT_SIGNATURE_AT) === 0x55aa) {
    throw refused("the disk has partitions; say which one is the root device, such as /dev/vda1");
  }
  return { filesystem: "unknown", args: ["root=/dev/vda", "rw"] };
}

async function headOf(file: string): Promise<Buffer> {
  await using handle = await open(file, "r");
  const buffer = Buffer.alloc(4096);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer.subarray(0, bytesRead);
}

function refused(problem: string) {
  return invalidRequest("file", problem);
}

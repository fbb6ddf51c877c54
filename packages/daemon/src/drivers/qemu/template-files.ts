/**
 * A template on the disk:
 *
 *     <template>/memory           the guest's memory, with holes where it is zero
 *     <template>/devices          QEMU's own stream with everything but the memory
 *     <template>/manifest.json    of which machine it is, lengths and checksums, and its own checksum
 *
 * It is written under another name, which becomes the real one when every byte is durable: a directory
 * of that name holds a whole template. Whether it was damaged since is found when it is read.
 */

import { createHash } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";
import path from "node:path";

import type { TemplateState } from "#core/ports/machine-templates.ts";

import type { MachineShape } from "./machine-shape.ts";
import { MEMORY, type MemoryDraft } from "./memory-draft.ts";

export interface TemplateManifest {
  readonly frozenAt: Date;
  readonly memory: {
    /** as the guest sees it */
    readonly bytes: number;
    /** of these, what is not zero */
    readonly storedBytes: number;
    /** as of `carryMemory` */
    readonly sha256: string;
  };
  readonly devices: { readonly bytes: number; readonly sha256: string };
  /** QEMU's version with all its additions */
  readonly qemu: string;
  readonly shape: MachineShape;
}

const VERSION = 1;

const [DEVICES, MANIFEST] = ["devices", "manifest.json"];

/** Makes what was written durable, and a template. */
export async function sealTemplate(
  draft: MemoryDraft,
  manifest: TemplateManifest,
  devices: Buffer,
): Promise<TemplateState> {
  await draft.memory.truncate(manifest.memory.bytes);
  await draft.add(DEVICES, devices);
  await draft.add(MANIFEST, textOf(manifest));
  await draft.publish("durable");
  return describedBy(manifest);
}

/** @returns the template at `directory`, or `undefined` when there is none that this version can read */
export async function findTemplate(directory: string): Promise<TemplateState | undefined> {
  const manifest = await readManifest(directory);
  return typeof manifest === "string" ? undefined : describedBy(manifest);
}

function describedBy(manifest: TemplateManifest): TemplateState {
  const { memory, devices, frozenAt } = manifest;
  const sizeBytes = memory.storedBytes + devices.bytes;
  return { sizeBytes, savedAt: frozenAt, digest: sha256(lineOf(manifest)) };
}

export interface StoredTemplate extends AsyncDisposable {
  readonly manifest: TemplateManifest;
  /** not looked at yet, but for its length */
  readonly memory: FileHandle;
  /** checked */
  readonly devices: Buffer;
}

/** @returns the template for reading, or why it cannot be used, in words */
export async function openStored(directory: string): Promise<StoredTemplate | string> {
  const manifest = await readManifest(directory);
  if (typeof manifest === "string") return manifest;
  const devices = await readFile(path.join(directory, DEVICES)).catch(() => undefined);
  if (!devices) return "its file of devices is missing";
  if (devices.length !== manifest.devices.bytes || sha256(devices) !== manifest.devices.sha256) {
    return "its file of devices was changed or damaged";
  }
  const memory = await open(path.join(directory, MEMORY), "r").catch(() => undefined);
  if (!memory) return "its memory file is missing";
  await using undo = new AsyncDisposableStack();
  undo.use(memory);
  const { size } = await memory.stat();
  if (size !== manifest.memory.bytes) {
    return `its memory file has ${size} bytes instead of ${manifest.memory.bytes}`;
  }
  undo.move();
  return { manifest, memory, devices, [Symbol.asyncDispose]: () => memory.close() };
}

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Two lines: what it says, and the checksum of that. */
function textOf(manifest: TemplateManifest): string {
  return withChecksum(lineOf(manifest));
}

function withChecksum(line: string): string {
  return `${line}\n${sha256(line)}\n`;
}

function lineOf({ frozenAt, memory, devices, qemu, shape }: TemplateManifest): string {
  return JSON.stringify({ v: VERSION, frozenAt, memory, devices, qemu, shape });
}

/** As it is in the file: what has the right checksum is what was written. */
type StoredManifest = Omit<TemplateManifest, "frozenAt"> & {
  readonly v: number;
  readonly frozenAt: string;
};

async function readManifest(directory: string): Promise<TemplateManifest | string> {
  const text = await readFile(path.join(directory, MANIFEST), "utf8").catch(() => undefined);
  if (text === undefined) return "there is no whole template";
  const [line = ""] = text.split("\n");
  if (text !== withChecksum(line)) return "its manifest was changed or damaged";
  const { v, frozenAt, ...manifest }: StoredManifest = JSON.parse(line);
  if (v !== VERSION) return "another version of this program has made it";
  return { ...manifest, frozenAt: new Date(frozenAt) };
}

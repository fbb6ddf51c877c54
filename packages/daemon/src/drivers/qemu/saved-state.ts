/**
 * A machine's memory and devices on the disk:
 *
 *     <state>/memory           QEMU's own stream, sealed
 *     <state>/manifest.json    of which machine it is, the length and the checksum of the stream
 *
 * It is written under another name, which becomes the real one when every byte is durable: a
 * directory of that name holds a whole state, whenever the daemon or the host died.
 */

import { type FileHandle, open, readFile } from "node:fs/promises";
import path from "node:path";

import type { MachineState, StateLasting } from "#core/ports/machine.ts";

import type { MachineShape } from "./machine-shape.ts";
import { MEMORY, type MemoryDraft } from "./memory-draft.ts";

export interface Manifest {
  readonly savedAt: Date;
  readonly memoryBytes: number;
  /** CRC-32 of the stream as QEMU has it */
  readonly checksum: number;
  /** what the stream's key is found by, and known by */
  readonly sealing: { readonly salt: string; readonly mark: string };
  /** QEMU's version, as "7.2.0" */
  readonly qemu: string;
  readonly shape: MachineShape;
}

const VERSION = 2;

const MANIFEST = "manifest.json";

/** Makes what was written a state, and durable if it is to be. */
export async function sealState(
  draft: MemoryDraft,
  manifest: Manifest,
  lasting: StateLasting,
): Promise<void> {
  await draft.add(MANIFEST, JSON.stringify({ v: VERSION, ...manifest }));
  await draft.publish(lasting);
}

/** @returns the state at `directory`, or `undefined` when there is none */
export async function findState(directory: string): Promise<MachineState | undefined> {
  const manifest = await readManifest(directory);
  return manifest && describedBy(manifest);
}

export function describedBy({ memoryBytes, savedAt }: Manifest): MachineState {
  return { sizeBytes: memoryBytes, savedAt };
}

export interface OpenState extends AsyncDisposable {
  readonly manifest: Manifest;
  readonly memory: FileHandle;
}

/** @returns the state for reading, or why it cannot be used, in words */
export async function openState(directory: string): Promise<OpenState | string> {
  const manifest = await readManifest(directory);
  if (!manifest) return "there is no whole state";
  await using undo = new AsyncDisposableStack();
  const memory = undo.use(await open(path.join(directory, MEMORY), "r"));
  const { size } = await memory.stat();
  if (size !== manifest.memoryBytes) {
    return `its memory file has ${size} bytes instead of ${manifest.memoryBytes}`;
  }
  undo.move();
  return { manifest, memory, [Symbol.asyncDispose]: () => memory.close() };
}

async function readManifest(directory: string): Promise<Manifest | undefined> {
  try {
    return manifestOf(await readFile(path.join(directory, MANIFEST), "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns `undefined` for what this version cannot read */
function manifestOf(text: string): Manifest | undefined {
  const value: unknown = parsed(text);
  if (!isObject(value) || value["v"] !== VERSION || !isObject(value["shape"])) return undefined;
  const { savedAt, memoryBytes, checksum, qemu } = value;
  const { options, tscKhz } = value["shape"];
  if (typeof savedAt !== "string" || typeof memoryBytes !== "number") return undefined;
  if (typeof checksum !== "number") return undefined;
  if (typeof qemu !== "string" || !Array.isArray(options)) return undefined;
  const sealing = sealingIn(value["sealing"]);
  if (!sealing) return undefined;
  return {
    savedAt: new Date(savedAt),
    memoryBytes,
    checksum,
    sealing,
    qemu,
    shape: {
      options: options.map(String),
      tscKhz: typeof tscKhz === "number" ? tscKhz : undefined,
    },
  };
}

function sealingIn(value: unknown): Manifest["sealing"] | undefined {
  const { salt, mark } = isObject(value) ? value : {};
  return typeof salt === "string" && typeof mark === "string" ? { salt, mark } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a damaged manifest is none
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keeping a QEMU's machine as a state on the disk. */

import { statSync } from "node:fs";

import type { MachineState, Saving, StateLasting } from "#core/ports/machine.ts";
import type { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { MIB } from "#lib/bytes.ts";

import { GatheredWrites } from "./gathered-writes.ts";
import type { QemuHandle } from "./handle.ts";
import { memoryFdOf, memoryMiBOf, shapeOf } from "./machine-shape.ts";
import { saveTo } from "./migration.ts";
import { commandLineOf, residentBytesOf } from "./processes.ts";
import { type Qmp, queryRunning, queryVersion } from "./qmp.ts";
import type { RunPaths } from "./run-dir.ts";
import { MemoryDraft } from "./memory-draft.ts";
import { describedBy, sealState } from "./saved-state.ts";
import { newSalt, stateCipher } from "./state-cipher.ts";
import { openStateDoor } from "./state-door.ts";

/** what a state has beside the guest's memory: devices, names, ends */
const BESIDES_BYTES = 16 * MIB;

/** what stands before each page of 4 KiB, for those too that the guest never touched: 9 bytes, rounded up */
const FRAME_BYTES_PER_MIB = 256 * 16;

/** what stat(2) counts in, in bytes */
const BLOCK_BYTES = 512;

export interface SavedParts {
  readonly process: QemuHandle;
  readonly qmp: Qmp;
  readonly paths: RunPaths;
  readonly stateKey: SecretBytes;
}

export function savingOf(parts: SavedParts): Saving {
  return {
    maxSizeBytes: () => maxBytesOf(parts.process.pid),
    save: (directory, lasting, signal) => save(parts, { directory, lasting }, signal),
  };
}

async function save(
  { process, qmp, paths, stateKey }: SavedParts,
  { directory, lasting }: { readonly directory: string; readonly lasting: StateLasting },
  signal: AbortSignal,
): Promise<MachineState> {
  if (await queryRunning(qmp, signal)) throw new Error("invariant: only a paused machine is saved");
  const qemu = await queryVersion(qmp, signal);
  const shape = shapeOf(commandLineOf(process.pid));
  const maxBytes = maxBytesOf(process.pid);
  await using draft = await MemoryDraft.begin(directory);
  await using door = await openStateDoor(paths, process.uid);
  const salt = newSalt();
  const cipher = stateCipher(stateKey, salt);
  const writes = new GatheredWrites(draft.memory);
  const keep = (piece: Buffer) => writes.take(cipher.pass(piece));
  const { bytes, checksum } = await saveTo({ door, maxBytes, keep }, qmp, signal);
  await writes.end();
  const sealing = { salt, mark: cipher.mark };
  const manifest = { savedAt: new Date(), memoryBytes: bytes, checksum, sealing, qemu, shape };
  await sealState(draft, manifest, lasting);
  return describedBy(manifest);
}

/**
 * Pages that the guest never touched are not in the process, and take next to no room in a state either.
 * Those of a template are in its file only, as long as nobody touched them.
 */
function maxBytesOf(pid: number): number {
  const commandLine = commandLineOf(pid);
  const frames = memoryMiBOf(commandLine) * FRAME_BYTES_PER_MIB;
  return residentBytesOf(pid) + fileBytesOf(pid, commandLine) + frames + BESIDES_BYTES;
}

/** @returns what the file takes that the guest's memory was made from, in bytes */
function fileBytesOf(pid: number, commandLine: readonly string[]): number {
  const fd = memoryFdOf(commandLine);
  if (fd === undefined) return 0;
  const file = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false });
  return (file?.blocks ?? 0) * BLOCK_BYTES;
}

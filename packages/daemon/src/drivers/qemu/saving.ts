/** Keeping a QEMU's machine as a state on the disk. */

import type { MachineState, Saving } from "#core/ports/hypervisor.ts";
import type { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { MIB } from "#lib/bytes.ts";

import type { QemuHandle } from "./handle.ts";
import { memoryMiBOf, shapeOf } from "./machine-shape.ts";
import { saveTo } from "./migration.ts";
import { commandLineOf, residentBytesOf } from "./processes.ts";
import { type Qmp, queryRunning, queryVersion } from "./qmp.ts";
import type { RunPaths } from "./run-dir.ts";
import { describedBy, StateDraft } from "./saved-state.ts";
import { newSalt, stateCipher } from "./state-cipher.ts";
import { openStateDoor } from "./state-door.ts";

/** what a state has beside the guest's memory: devices, names, ends */
const BESIDES_BYTES = 16 * MIB;

/** what stands before each page of 4 KiB, for those too that the guest never touched: 9 bytes, rounded up */
const FRAME_BYTES_PER_MIB = 256 * 16;

export interface SavedParts {
  readonly process: QemuHandle;
  readonly qmp: Qmp;
  readonly paths: RunPaths;
  readonly stateKey: SecretBytes;
}

export function savingOf(parts: SavedParts): Saving {
  return {
    maxSizeBytes: () => maxBytesOf(parts.process.pid),
    save: (directory, signal) => save(parts, directory, signal),
  };
}

async function save(
  { process, qmp, paths, stateKey }: SavedParts,
  directory: string,
  signal: AbortSignal,
): Promise<MachineState> {
  if (await queryRunning(qmp, signal)) throw new Error("invariant: only a paused machine is saved");
  const qemu = await queryVersion(qmp, signal);
  const shape = shapeOf(commandLineOf(process.pid));
  const maxBytes = maxBytesOf(process.pid);
  await using draft = await StateDraft.begin(directory);
  await using door = await openStateDoor(paths, process.uid);
  const salt = newSalt();
  const cipher = stateCipher(stateKey, salt);
  const keep = (piece: Buffer) => draft.memory.appendFile(cipher.pass(piece));
  const { bytes, checksum } = await saveTo({ door, maxBytes, keep }, qmp, signal);
  const sealing = { salt, mark: cipher.mark };
  const manifest = { savedAt: new Date(), memoryBytes: bytes, checksum, sealing, qemu, shape };
  await draft.seal(manifest);
  return describedBy(manifest);
}

/** Pages that the guest never touched are not in the process, and take next to no room in a state either. */
function maxBytesOf(pid: number): number {
  const frames = memoryMiBOf(commandLineOf(pid)) * FRAME_BYTES_PER_MIB;
  return residentBytesOf(pid) + frames + BESIDES_BYTES;
}

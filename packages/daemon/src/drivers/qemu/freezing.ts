/** Writing a booted machine as a template. */

import type { TemplateState } from "#core/ports/machine-templates.ts";
import { MIB } from "#lib/bytes.ts";

import { memoryMiBOf, shapeOf } from "./machine-shape.ts";
import { saveTo } from "./migration.ts";
import { commandLineOf } from "./processes.ts";
import { ignoreShared } from "./qmp.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { carryMemory } from "./sparse-memory.ts";
import type { ReadyQemu } from "./start.ts";
import { openStateDoor } from "./state-door.ts";
import { MemoryDraft } from "./memory-draft.ts";
import { sealTemplate, sha256 } from "./template-files.ts";

/** what a template has beside the guest's memory; 70 KiB for an ordinary machine */
const MAX_DEVICES_BYTES = 16 * MIB;

export interface Freezable extends ReadyQemu {
  readonly memory: SharedMemory;
  /** its version */
  readonly qemu: string;
}

/** The machine stands still from here on, whatever comes of it: what it wrote now would be in its memory file. */
export async function freeze(
  { qmp, process, paths, memory, qemu }: Freezable,
  directory: string,
  signal: AbortSignal,
): Promise<TemplateState> {
  await qmp.execute("stop", {}, signal);
  const commandLine = commandLineOf(process.pid);
  const bytes = memoryMiBOf(commandLine) * MIB;
  await using draft = await MemoryDraft.begin(directory);
  await using door = await openStateDoor(paths, process.uid);
  await ignoreShared(true, qmp, signal);
  const pieces: Buffer[] = [];
  const keep = async (piece: Buffer) => {
    pieces.push(piece);
  };
  await saveTo({ door, maxBytes: MAX_DEVICES_BYTES, keep }, qmp, signal);
  const devices = Buffer.concat(pieces);
  const manifest = {
    frozenAt: new Date(),
    memory: { bytes, ...(await carryMemory(memory.handle, draft.memory, bytes, signal)) },
    devices: { bytes: devices.length, sha256: sha256(devices) },
    qemu,
    shape: shapeOf(commandLine),
  };
  return await sealTemplate(draft, manifest, devices);
}

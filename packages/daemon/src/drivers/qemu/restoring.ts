/** Giving a saved machine to a new QEMU. */

import type { FileHandle } from "node:fs/promises";

import { AlcoveError } from "#core/errors.ts";
import type { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { pause } from "#lib/patience.ts";

import { loadFrom } from "./migration.ts";
import { queryVersion } from "./qmp.ts";
import type { OpenState } from "./saved-state.ts";
import { type StateCipher, stateCipher } from "./state-cipher.ts";
import type { ReadyQemu } from "./start.ts";

/** makes QEMU wait for a state, and for the word to run it */
export const WAITS_FOR_STATE = ["-incoming", "defer", "-S"] as const;

/** how much is carried at once, in bytes */
const BLOCK_BYTES = 1024 * 1024;

/** how long QEMU may take to end after it has refused a state, in `ms` */
const DYING_MS = 1000;

export interface Receiver extends ReadyQemu {
  readonly stateKey: SecretBytes;
}

/** Has a QEMU started with `WAITS_FOR_STATE` take a state; its vCPUs stand still afterwards. */
export async function receiveState(
  { manifest, memory }: OpenState,
  { qmp, died, paths, take, stateKey }: Receiver,
  signal: AbortSignal,
): Promise<void> {
  mustRead(manifest.qemu, await queryVersion(qmp, signal));
  const cipher = stateCipher(stateKey, manifest.sealing.salt);
  if (cipher.mark !== manifest.sealing.mark) throw unusable("it was sealed with another key");
  const kept = { bytes: manifest.memoryBytes, pieces: piecesOf(memory, cipher) };
  const source = { qmp, path: paths.state, sealed: take };
  try {
    const { checksum } = await loadFrom(kept, source, AbortSignal.any([signal, died]));
    if (checksum !== manifest.checksum) throw new Error("its memory file was changed or damaged");
  } catch (cause) {
    signal.throwIfAborted();
    throw unusable(await wordsOf(cause, died), { cause });
  }
}

async function* piecesOf(file: FileHandle, cipher: StateCipher): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES);
    if (bytesRead === 0) return;
    yield cipher.pass(block.subarray(0, bytesRead));
  }
}

/** A QEMU that does not like a state ends, and says why only then. */
export async function wordsOf(cause: unknown, died: AbortSignal): Promise<string> {
  await pause(DYING_MS, died).catch(() => undefined); // cut short by what it waits for
  const reason: unknown = died.aborted ? died.reason : cause;
  return reason instanceof Error ? reason.message : String(reason);
}

/** Fixes of one release keep what it wrote; other releases may not, and would not always say so. */
function mustRead(saved: string, here: string): void {
  if (release(saved) === release(here)) return;
  throw unusable(`it was saved by QEMU ${saved}, and this host has ${here}`);
}

function release(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

export function unusable(why: string, options?: ErrorOptions): AlcoveError {
  const message = `The saved machine cannot be restored: ${why}`;
  return new AlcoveError("state_unusable", message, { hypervisor: "qemu" }, options);
}

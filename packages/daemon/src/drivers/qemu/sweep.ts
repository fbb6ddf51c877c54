/** Removes what machines of no known VM have left: processes first, then their directories. */

import { readdir, rm } from "node:fs/promises";
import path from "node:path";

import { findAllQemus } from "./find.ts";
import { killAndWait } from "./processes.ts";
import { canonical } from "./run-dir.ts";

/** @returns what was removed, one phrase each */
export async function sweepRunRoot(
  runRoot: string,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const process of findAllQemus(await canonical(runRoot))) {
    if (known.has(process.vmId)) continue;
    signal.throwIfAborted();
    await killAndWait(process);
    removed.push(`QEMU process ${process.pid} of VM ${process.vmId}`);
  }
  for (const name of await namesIn(runRoot)) {
    if (known.has(name)) continue;
    signal.throwIfAborted();
    await rm(path.join(runRoot, name), { recursive: true, force: true });
    removed.push(`run directory of VM ${name}`);
  }
  return removed;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

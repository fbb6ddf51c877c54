/** Which runtime directory the machines of a state directory run in: a daemon elsewhere would not find them. */

import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";

import { StartRefused } from "#lib/start-refused.ts";

/**
 * Notes the directory, once it is known that no machine is left in another.
 * @throws StartRefused when machines, or what a killed daemon left of them, are in the one noted before
 */
export async function settleIn(stateDir: string, runtimeDir: string): Promise<void> {
  const note = path.join(stateDir, "runtime-dir");
  const before = await readFile(note, "utf8").catch(unlessMissing);
  if (before === runtimeDir) return;
  if (before !== undefined) await mustBeLeft(before, stateDir);
  await writeFile(`${note}.new`, runtimeDir, { mode: 0o600, flush: true });
  await rename(`${note}.new`, note);
}

async function mustBeLeft(runtimeDir: string, stateDir: string): Promise<void> {
  const machines = await readdir(path.join(runtimeDir, "vms")).catch(unlessMissing);
  if (machines === undefined || machines.length === 0) return;
  throw new StartRefused(
    `VMs of ${stateDir} run in the runtime directory ${runtimeDir}: set ALCOVE_RUNTIME_DIR=${runtimeDir}, or give this daemon another ALCOVE_STATE_DIR`,
  );
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

/** Whether what VMs wrote is a sound file system, overlays and layers alike: read from outside, with no guest running. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import type { HostDirs } from "./host-dirs.ts";
import { until } from "./until.ts";

const run = promisify(execFile);

/** processes of a host of which no VM runs */
const DAEMONS = 1;

/** ids of the layers on this host */
export function layersOf({ state }: HostDirs): readonly string[] {
  const directory = path.join(state, "layers");
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Each VM of this host has one overlay, which no machine has open, and it and every layer are sound. */
export async function assertSound(dirs: HostDirs): Promise<void> {
  // A VM is called stopped as soon as it is asked to.
  await until("every machine has ended", async () => dirs.machines().length <= DAEMONS);
  const overlays = dirs.vmDirs().flatMap((id) => {
    const directory = path.join(dirs.state, "vms", id);
    const names = readdirSync(directory).filter((name) => name.startsWith("disk"));
    assert.equal(names.length, 1, `overlays of VM ${id}: ${names.join(", ")}`);
    return names.map((name) => path.join(directory, name));
  });
  const layers = layersOf(dirs).map((id) => path.join(dirs.state, "layers", id, "disk.qcow2"));
  const raw = path.join(dirs.state, "checked.raw");
  for (const disk of [...overlays, ...layers]) {
    await run("qemu-img", ["check", "-q", disk]);
    await run("qemu-img", ["convert", "-O", "raw", disk, raw]);
    await run("e2fsck", ["-fn", raw]);
    rmSync(raw);
  }
}

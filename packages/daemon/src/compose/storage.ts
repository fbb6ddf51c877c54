/** What survives the daemon: the database, and the VMs' own files. */

import path from "node:path";

import type { DiskStore } from "#core/ports/disk-store.ts";
import type { VmStore } from "#core/ports/vm-store.ts";
import { VmDisks } from "#images/vm-disks.ts";
import { openDb } from "#store/db.ts";
import { SqliteVmStore } from "#store/sqlite-vm-store.ts";

export interface Storage extends Disposable {
  readonly store: VmStore;
  readonly disks: DiskStore;
}

export async function openStorage(stateDir: string): Promise<Storage> {
  const disks = await VmDisks.open(path.join(stateDir, "vms"));
  const db = openDb(path.join(stateDir, "alcove.sqlite"));
  return { store: new SqliteVmStore(db), disks, [Symbol.dispose]: () => db.close() };
}

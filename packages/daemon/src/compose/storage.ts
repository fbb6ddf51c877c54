/** What survives the daemon: the database, the secrets, and the VMs' own files. */

import path from "node:path";

import type { ExecutionStore } from "#core/aleph/ports/execution-store.ts";
import type { HostEvents } from "#core/events/host-events.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { CommitStore } from "#core/ports/commit-store.ts";
import type { DiskLayers } from "#core/ports/disk-layers.ts";
import type { DiskStore } from "#core/ports/disk-store.ts";
import type { Log } from "#core/ports/log.ts";
import type { SessionStore } from "#core/ports/session-store.ts";
import type { VmStore } from "#core/ports/vm-store.ts";
import type { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { Secrets } from "#core/secrets/secrets.ts";
import { openDisks } from "#images/vm-disks.ts";
import { SealedVault } from "#secrets/sealed-vault.ts";
import { openDb } from "#store/db.ts";
import { SqliteCommitStore } from "#store/sqlite-commit-store.ts";
import { SqliteExecutionStore } from "#store/sqlite-execution-store.ts";
import { SqliteSessionStore } from "#store/sqlite-session-store.ts";
import { SqliteVmStore } from "#store/sqlite-vm-store.ts";

export interface Storage extends Disposable {
  readonly store: VmStore;
  readonly commitStore: CommitStore;
  readonly executionStore: ExecutionStore;
  readonly sessionStore: SessionStore;
  readonly secrets: Secrets;
  /** what keeps the memory of suspended VMs unreadable */
  readonly stateKey: SecretBytes;
  readonly disks: DiskStore;
  readonly layers: DiskLayers;
}

export async function openStorage(
  stateDir: string,
  events: HostEvents,
  log: Log,
): Promise<Storage> {
  const disks = await openDisks(stateDir);
  const vault = await SealedVault.open(path.join(stateDir, "secrets"));
  const secrets = new Secrets({ vault, events, clock: systemClock, log });
  const db = openDb(path.join(stateDir, "alcove.sqlite"));
  const store = new SqliteVmStore(db);
  return {
    store,
    commitStore: new SqliteCommitStore(db),
    executionStore: new SqliteExecutionStore(db),
    sessionStore: new SqliteSessionStore(db),
    secrets,
    stateKey: vault.keyFor("states"),
    ...disks,
    [Symbol.dispose]: () => db.close(),
  };
}

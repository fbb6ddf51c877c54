/** What a fake host keeps: real disk files, a real store in memory, a real vault; and accounts without keys. */

import { AlcoveError } from "#core/errors.ts";
import { HostEvents } from "#core/events/host-events.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { KeySource } from "#core/ports/key-source.ts";
import type { Log } from "#core/ports/log.ts";
import { guestSecrets } from "#core/secrets/guest-secrets.ts";
import { ImportedKeys } from "#core/secrets/imported-keys.ts";
import { Secrets } from "#core/secrets/secrets.ts";
import type { VmsDeps } from "#core/vm/vms.ts";
import { type OpenDisks, openDisks } from "#images/vm-disks.ts";
import { SealedVault } from "#secrets/sealed-vault.ts";
import { type Db, openDb } from "#store/db.ts";
import { SqliteCommitStore } from "#store/sqlite-commit-store.ts";
import { SqliteVmStore } from "#store/sqlite-vm-store.ts";

const noKeys: KeySource = {
  async keysOf(user) {
    throw new AlcoveError("keys_unavailable", `There are no keys of "${user}"`, { user });
  },
};

export interface FakeState
  extends OpenDisks, Pick<VmsDeps, "secrets" | "keys" | "prepareGuest" | "attendGuest"> {
  readonly db: Db;
  readonly events: HostEvents;
  readonly store: SqliteVmStore;
  readonly commitStore: SqliteCommitStore;
}

export async function openFakeState(directory: string, log: Log): Promise<FakeState> {
  const vault = await SealedVault.open(`${directory}/secrets`);
  const clock = systemClock;
  const events = new HostEvents();
  const secrets = new Secrets({ vault, events, clock, log });
  const db = openDb(":memory:");
  return {
    ...(await openDisks(directory)),
    db,
    events,
    store: new SqliteVmStore(db),
    commitStore: new SqliteCommitStore(db),
    secrets,
    keys: new ImportedKeys({ source: noKeys, ownAccount: undefined, clock, log }),
    ...guestSecrets(secrets, log),
  };
}

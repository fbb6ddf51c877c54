import assert from "node:assert/strict";
import { test } from "node:test";

import { newVmId } from "#core/ids.ts";
import { macAddress } from "#core/network/user-network.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { openDb } from "./db.ts";
import { SqliteVmStore } from "./sqlite-vm-store.ts";

test("vm store: a VM whose MAC address was never stored keeps the one that followed from its host name", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  const old = aVmRecord({ hostname: "sbox-1", mac: macAddress("sbox-1") });
  const id = newVmId();
  const ahead = aVmRecord({ id, hostname: "sbox-2", networkSlot: 1, mac: macAddress(id) });
  store.insert(old);
  store.insert(ahead);
  db.prepare("UPDATE vm SET mac = NULL WHERE id = ?").run(old.id); // as the migration leaves it
  assert.deepEqual(store.all(), [old, ahead]);
});

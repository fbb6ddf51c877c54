import assert from "node:assert/strict";
import { test } from "node:test";

import type { StoredSession } from "#core/ports/session-store.ts";

import { openDb } from "./db.ts";
import { SqliteSessionStore } from "./sqlite-session-store.ts";

test("session store: sessions come back as they were, changed and removed", () => {
  using db = openDb(":memory:");
  const store = new SqliteSessionStore(db);
  store.put(session("a", 2_000));
  store.put(session("b", 3_000));
  store.put(session("a", 4_000));
  const byKey = store.all().toSorted((one, other) => one.key.localeCompare(other.key));
  assert.deepEqual(byKey, [session("a", 4_000), session("b", 3_000)]);
  store.remove("a");
  store.remove("none");
  assert.deepEqual(new SqliteSessionStore(db).all(), [session("b", 3_000)]);
});

function session(key: string, endsMs: number): StoredSession {
  return { key, createdAt: new Date(1_000), expiresAt: new Date(endsMs) };
}

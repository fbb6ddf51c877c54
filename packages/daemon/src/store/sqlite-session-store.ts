/** Sessions of browsers in SQLite. */

import type { SessionStore, StoredSession } from "#core/ports/session-store.ts";

import { integer, text } from "./columns.ts";
import { type Db, type Row, transaction } from "./db.ts";

export class SqliteSessionStore implements SessionStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  all(): readonly StoredSession[] {
    return this.#db.prepare("SELECT * FROM session").all().map(sessionFromRow);
  }

  put({ key, createdAt, expiresAt }: StoredSession): void {
    const put = this.#db.prepare(
      "INSERT OR REPLACE INTO session (key, created_at_ms, expires_at_ms) VALUES (?, ?, ?)",
    );
    transaction(this.#db, () => put.run(key, createdAt.getTime(), expiresAt.getTime()));
  }

  remove(key: string): void {
    this.#db.prepare("DELETE FROM session WHERE key = ?").run(key);
  }
}

function sessionFromRow(row: Row): StoredSession {
  return {
    key: text(row, "key"),
    createdAt: new Date(integer(row, "created_at_ms")),
    expiresAt: new Date(integer(row, "expires_at_ms")),
  };
}

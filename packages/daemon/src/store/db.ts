/** Opens the database: the only file that knows `node:sqlite`. */

import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";

import { AlcoveError } from "#core/errors.ts";

import { MIGRATIONS } from "./migrations.ts";

export type Db = DatabaseSync;
export type Value = SQLInputValue;
export type Row = Record<string, SQLOutputValue>;

const BUSY_TIMEOUT_MS = 2_000;

/**
 * @param file a path, or ":memory:"
 * @throws Error when the file was written by a newer Alcove
 */
export function openDb(file: string): Db {
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite's number for a disk that is full */
const SQLITE_FULL = 13;

/**
 * Runs `work` in one transaction; a throw undoes all of it.
 * @throws AlcoveError `no_capacity` when the disk is full
 */
export function transaction<T>(db: Db, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK"); // a full disk has undone it already
    throw isFull(error) ? diskFull(error) : error;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_FULL;
}

function diskFull(cause: unknown): AlcoveError<"no_capacity"> {
  const message = "The host's disk is full: what changes cannot be stored";
  const details = { resource: "disk", needed: 1, available: 0 } as const;
  return new AlcoveError("no_capacity", message, details, { cause });
}

/** Brings a database to this version's schema, one transaction a step. */
export function migrate(db: Db): void {
  const row = db.prepare("PRAGMA user_version").get();
  const version = Number(row?.["user_version"] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `The database has schema version ${version}, this Alcove knows ${MIGRATIONS.length}: it was written by a newer version. Start that version, or use another state directory.`,
    );
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    transaction(db, () => db.exec(`${sql}; PRAGMA user_version = ${index + 1};`));
  }
}

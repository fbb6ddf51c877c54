import assert from "node:assert/strict";
import { test } from "node:test";

import { openDb, transaction } from "./db.ts";

test("db: a transaction that finds the disk full says so, and another one is possible", () => {
  using db = openDb(":memory:");
  db.exec("CREATE TABLE filled (bytes BLOB)");
  const { page_count: pages } = db.prepare("PRAGMA page_count").get() ?? {};
  db.exec(`PRAGMA max_page_count = ${Number(pages) + 1}`);

  const fill = () =>
    transaction(db, () => db.exec("INSERT INTO filled VALUES (zeroblob(1000000))"));
  assert.throws(fill, { code: "no_capacity", message: /^The host's disk is full/ });

  transaction(db, () => db.exec("INSERT INTO filled VALUES (zeroblob(1))"));
  assert.equal(db.prepare("SELECT count(*) AS rows FROM filled").get()?.["rows"], 1);
});

/** docs/aleph-tests.md names tests that exist, all that is to be proved, and every endpoint of the published API. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const root = path.join(import.meta.dirname, "..");
const document = readFileSync(path.join(root, "docs/aleph-tests.md"), "utf8");
const TO_PROVE = 12;
const ENDPOINTS = 29;

/** a file and a title in it, as a table names them */
const NAMED = /`([^`]+\.test\.ts|[^`]+\.e2e\.ts)` "([^"]+)"/g;

function namedIn(text: string): readonly (readonly [file: string, title: string])[] {
  return [...text.matchAll(NAMED)].map(([, file = "", title = ""]) => [file, title]);
}

/** A title may have places that are filled in for each case. */
function isThere(file: string, title: string): boolean {
  const where = path.join(root, file);
  if (!existsSync(where)) return false;
  const text = readFileSync(where, "utf8");
  return text.includes(JSON.stringify(title)) || text.includes(`\`${title}\``);
}

/** rows of a table whose first cell is like that */
function rows(first: RegExp): readonly string[] {
  return document.split("\n").filter((line) => first.test(line));
}

test("Aleph tests: each test that the document names is there", () => {
  const named = namedIn(document);
  assert.ok(named.length > TO_PROVE + ENDPOINTS);
  assert.deepEqual(
    named.filter(([file, title]) => !isThere(file, title)),
    [],
  );
});

test("Aleph tests: all that is to be proved has its row, and a test", () => {
  const found = rows(/^\| \d+ \|/);
  const numbers = found.map((line) => Number(/\d+/.exec(line)?.[0]));
  assert.deepEqual(
    numbers,
    Array.from({ length: TO_PROVE }, (_, index) => index + 1),
  );
  assert.ok(found.every((line) => namedIn(line).length > 0));
});

test("Aleph tests: every endpoint of the API has its row, and a test on real guests", () => {
  const found = rows(/^\| `(?:GET|POST) \//);
  assert.equal(found.length, ENDPOINTS);
  assert.deepEqual(
    found.filter((line) => !namedIn(line).some(([file]) => file.startsWith("e2e/"))),
    [],
  );
});

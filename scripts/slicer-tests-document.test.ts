/** docs/slicer-tests.md names tests that exist, every known disagreement, and every endpoint that is served. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SlicerApi } from "../packages/daemon/src/testing/slicer-api.ts";

const root = join(import.meta.dirname, "..");
const DISAGREEMENTS = 29;

interface Row {
  /** the first cell, without code quotes */
  readonly name: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** Rows of the table under the heading; each names at least one test. */
function rowsUnder(heading: string): Row[] {
  const text = readFileSync(join(root, "docs/slicer-tests.md"), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  return [...section.matchAll(/^\| (.+?) \|(.*)\|$/gm)]
    .filter(([, name]) => name !== "---" && name !== "endpoint" && name !== "")
    .map(([, name = "", cells = ""]) => ({
      name: name.replaceAll("`", ""),
      tests: [...cells.matchAll(/`([^`]+\.(?:ts|go))` "([^"]+)"/g)].map(
        ([, file = "", title = ""]) => ({ file, title }),
      ),
    }));
}

/** How a test's title stands in its file. */
function isIn(file: string, title: string): boolean {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, "utf8");
  if (file.endsWith(".go")) return text.includes(`func ${title}(t *testing.T)`);
  return text.includes(JSON.stringify(title));
}

function missingTests(rows: readonly Row[]): string[] {
  return rows.flatMap(({ name, tests }) => {
    if (tests.length === 0) return [`${name} names no test`];
    const missing = tests.filter(({ file, title }) => !isIn(file, title));
    return missing.map(({ file, title }) => `${name}: no "${title}" in ${file}`);
  });
}

test("slicer tests: every disagreement has its row, and each row's tests exist", () => {
  const rows = rowsUnder("Where Slicer's sources disagree").filter(({ name }) => name[0] === "D");
  const wanted = Array.from({ length: DISAGREEMENTS }, (_, index) => `D${index + 1}`);
  assert.deepEqual(
    rows.map(({ name }) => name),
    wanted,
  );
  assert.deepEqual(missingTests(rows), []);
});

test("slicer tests: every endpoint that is served has its row, and a test on a real guest", async () => {
  const rows = rowsUnder("Every endpoint");
  assert.deepEqual(missingTests(rows), []);
  const onGuests = rows.filter(({ tests }) => tests.some(({ file }) => file.startsWith("e2e/")));
  const known = new Set(onGuests.map(({ name }) => name));
  await using api = await SlicerApi.make();
  const served = api.routes
    .filter(({ method, access }) => method !== "HEAD" && access !== "open")
    .filter(({ url }) => !url.startsWith("/v1/")) // Alcove's own
    .map(({ method, url }) => `${method} ${shortened(url)}`);
  assert.ok(served.length > 20, "the router named few routes");
  // Commits are not served yet: their one route is there to say so.
  const untried = served.filter((name) => !known.has(name) && name !== "GET /vm/commits");
  assert.deepEqual(untried, []);
});

/** A route's parameters as the documents write them. */
function shortened(url: string): string {
  return url
    .replace(":hostname", "{h}")
    .replace(":group", "{g}")
    .replaceAll(/:(\w+)/g, "{$1}");
}

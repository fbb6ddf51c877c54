/** docs/rooms.md names every room that exists, and no other; each has its import rule. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { sourceFiles } from "./source-files.ts";

const root = join(import.meta.dirname, "..");
const DAEMON = "packages/daemon/src";
/** rooms that may import everything, and that no other room may import */
const OPEN_ROOMS = new Set(["compose", "testing"]);

/** Rooms of the table under the heading, in the order of the table. */
function roomsUnder(heading: string): string[] {
  const text = readFileSync(join(root, "docs/rooms.md"), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  return [...section.matchAll(/^\| `([a-z-]+)\/`/gm)].map((match) => match[1] ?? "").toSorted();
}

/** Folders that hold a source file: an empty one is not in anybody's clone. */
function roomsOnDisk(): string[] {
  const folders = sourceFiles(root, [DAEMON]).map((path) =>
    path.slice(DAEMON.length + 1).split("/"),
  );
  return [
    ...new Set(folders.filter((parts) => parts.length > 1).map(([room]) => room ?? "")),
  ].toSorted();
}

test("rooms: docs/rooms.md describes exactly the rooms that exist", () => {
  assert.deepEqual(roomsUnder("Rooms of the daemon"), roomsOnDisk());
});

test("rooms: each closed room has an import rule and an import name", () => {
  const require = createRequire(import.meta.url);
  const config: { readonly forbidden: readonly { readonly name: string }[] } = require(
    join(root, ".dependency-cruiser.cjs"),
  );
  const manifest: { readonly imports: Record<string, string> } = JSON.parse(
    readFileSync(join(root, "packages/daemon/package.json"), "utf8"),
  );
  const rules = new Set(config.forbidden.map(({ name }) => name));
  const rooms = roomsOnDisk().filter((room) => !OPEN_ROOMS.has(room));
  assert.deepEqual(
    rooms.filter((room) => manifest.imports[`#${room}/*`] !== `./src/${room}/*`),
    [],
  );
  assert.deepEqual(
    rooms.filter((room) => !rules.has(`room-${room}`)),
    [],
  );
});

test("rooms: every folder directly under src/ is a room, even one that holds no TypeScript", () => {
  const known = new Set([...roomsUnder("Rooms of the daemon"), ...roomsUnder("Rooms to come")]);
  const folders = readdirSync(join(root, DAEMON), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.deepEqual(
    folders.filter((name) => !known.has(name)),
    [],
  );
});

/** docs/dependencies.md gives a reason for every direct dependency of the repository. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Every name in code quotes that stands in the first column of a table. */
function documented(): Set<string> {
  const rows = read("docs/dependencies.md").matchAll(/^\|([^|]*)\|/gm);
  return new Set(
    [...rows].flatMap(([, cell]) =>
      [...(cell ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""),
    ),
  );
}

test("dependencies: each npm package that we name has its reason written down", () => {
  const known = documented();
  const missing = globSync(["package.json", "packages/*/package.json"], { cwd: root }).flatMap(
    (path) => {
      const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(read(path));
      return ["dependencies", "devDependencies", "optionalDependencies"]
        .flatMap((kind) => Object.keys(manifest[kind] ?? {}))
        .filter((name) => !name.startsWith("@alcove/") && !known.has(name));
    },
  );
  assert.deepEqual(missing, []);
});

test("dependencies: each crate of the agent has its reason written down", () => {
  const known = documented();
  const sections = read("guest/Cargo.toml").split(/^\[/m);
  const crates = sections
    .filter((section) => /^(?:dev-|build-)?dependencies\]/.test(section))
    .flatMap((section) => [...section.matchAll(/^([\w-]+)\s*=/gm)].map(([, name]) => name ?? ""));
  assert.ok(crates.length > 0, "Cargo.toml names no crate");
  assert.deepEqual(
    crates.filter((name) => !known.has(name)),
    [],
  );
});

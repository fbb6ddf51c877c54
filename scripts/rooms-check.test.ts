/** Plants violations in a copy of the house and expects each to be caught by its own rule. */

import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkRooms } from "./rooms-check.ts";

const root = join(import.meta.dirname, "..");
const PACKAGES = ["api", "sdk", "cli", "console", "daemon"];
const DAEMON = "packages/daemon/src";

/** A tree that breaks no rule, with a door in every room that a violation may knock at. */
const SOUND: Record<string, string> = {
  [`${DAEMON}/main.ts`]: 'import { boot } from "#drivers/qemu/boot.ts";\nawait boot();\n',
  [`${DAEMON}/lib/bytes.ts`]: "export const bytes = 1;\n",
  [`${DAEMON}/core/vm.ts`]: 'import { bytes } from "#lib/bytes.ts";\nexport const vm = bytes;\n',
  [`${DAEMON}/core/ports/log.ts`]: "export interface Log { readonly level: string }\n",
  [`${DAEMON}/process/child.ts`]: 'export { spawn } from "node:child_process";\n',
  [`${DAEMON}/drivers/qemu/boot.ts`]: [
    'import { vm } from "#core/vm.ts";',
    'import { spawn } from "#process/child.ts";',
    "export async function boot() { using one = await open(); return [vm, spawn, one]; }",
    "declare function open(): Promise<Disposable>;",
    "",
  ].join("\n"),
  [`${DAEMON}/drivers/fake/boot.ts`]: "export const fake = 1;\n",
  [`${DAEMON}/http/server.ts`]:
    'import fastify from "fastify";\nexport const server = fastify();\n',
  [`${DAEMON}/http/slicer/nodes.ts`]:
    'import { Vm } from "@alcove/api";\nexport const nodes = Vm;\n',
  [`${DAEMON}/http/aleph/about.ts`]: "export const about = 1;\n",
  [`${DAEMON}/store/db.ts`]: 'export { DatabaseSync } from "node:sqlite";\n',
  "packages/api/src/index.ts":
    'import { Type } from "typebox";\nexport const Vm = Type.Object({});\n',
  "packages/sdk/src/node/w.ts": 'export { join } from "node:path";\n',
  "packages/sdk/src/index.ts": 'import { Vm } from "@alcove/api";\nexport const client = Vm;\n',
  "packages/sdk/src/browser/index.ts": "export const browser = 1;\n",
  "packages/console/src/ui/button.tsx": "export const Button = () => <b>!</b>;\n",
  "packages/console/src/vms/page.tsx":
    'import { browser } from "@alcove/sdk/browser/index.ts";\nimport { Button } from "../ui/button.tsx";\nexport const Page = () => <Button>{browser}</Button>;\n',
  "packages/cli/src/main.ts": 'import { client } from "@alcove/sdk";\nconsole.log(client);\n',
};

interface Planted {
  readonly rule: string;
  readonly path: string;
  readonly text: string;
}

const PLANTED: readonly Planted[] = [
  plant("room-core", `${DAEMON}/core/a.ts`, 'import type { Log } from "#drivers/fake/boot.ts";'),
  plant("room-lib", `${DAEMON}/lib/b.ts`, 'export { vm } from "#core/vm.ts";'),
  plant("room-store", `${DAEMON}/store/c.ts`, 'const child = await import("#process/child.ts");'),
  plant("room-wallets", `${DAEMON}/wallets/u.ts`, 'import "#store/db.ts";'),
  plant("room-messages", `${DAEMON}/messages/v.ts`, 'import "#process/child.ts";'),
  plant("room-proxy", `${DAEMON}/proxy/w.ts`, 'import "#store/db.ts";'),
  plant("room-secrets", `${DAEMON}/secrets/t.ts`, 'import "#store/db.ts";'),
  plant("room-http", `${DAEMON}/http/d.ts`, 'type Db = import("#store/db.ts").DatabaseSync;'),
  plant("strangers-drivers", `${DAEMON}/drivers/qemu/e.ts`, 'export * from "../fake/boot.ts";'),
  plant("strangers-surfaces", `${DAEMON}/http/slicer/f.ts`, 'import "../aleph/about.ts";'),
  plant("pure-core", `${DAEMON}/core/g.ts`, 'import { readFile } from "node:fs/promises";'),
  plant("pure-http", `${DAEMON}/http/slicer/h.ts`, 'import { readFileSync } from "node:fs";'),
  plant("plain-core", `${DAEMON}/core/i.ts`, 'import { pino } from "pino";'),
  plant("only-process-spawns", `${DAEMON}/drivers/qemu/j.ts`, 'import "node:child_process";'),
  plant("only-store-opens-the-database", `${DAEMON}/host/k.ts`, 'import "node:sqlite";'),
  plant("tests-stay-in-tests", `${DAEMON}/core/l.ts`, 'import "./vm.test.ts";'),
  plant("nobody-imports-main", `${DAEMON}/second.ts`, 'import "./main.ts";'),
  plant("package-api", "packages/api/src/m.ts", 'import "@alcove/sdk";'),
  plant("pure-api", "packages/api/src/n.ts", 'import { Buffer } from "node:buffer";'),
  plant("package-sdk", "packages/sdk/src/o.ts", 'import "pino";'),
  plant("sdk-needs-no-node", "packages/sdk/src/u.ts", 'import "node:path";'),
  plant("sdk-runs-in-browsers", "packages/sdk/src/client/v.ts", 'import "../node/w.ts";'),
  plant("package-cli", "packages/cli/src/p.ts", 'import "@alcove/daemon/src/main.ts";'),
  plant("package-console", "packages/console/src/x.ts", 'import "@alcove/api";'),
  plant(
    "console-knows-the-browser-alone",
    "packages/console/src/y.ts",
    'import "@alcove/sdk/index.ts";',
  ),
  plant(
    "console-parts-have-no-opinion",
    "packages/console/src/ui/z.ts",
    'import "../vms/page.tsx";',
  ),
  plant("daemon-stands-alone", `${DAEMON}/q.ts`, 'import "@alcove/sdk";'),
  plant("no-cycles", `${DAEMON}/host/r.ts`, 'import "./r.ts";'),
  plant("no-unresolvable", `${DAEMON}/host/s.ts`, 'import "./nowhere.ts";'),
];

function plant(rule: string, path: string, line: string): Planted {
  return { rule, path, text: `${line}\nexport {};\n` };
}

/** A copy of the house with its rules and packages, and these files as its only sources. */
function house(files: Record<string, string>): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "alcove-rooms-"));
  cpSync(join(root, ".dependency-cruiser.cjs"), join(path, ".dependency-cruiser.cjs"));
  cpSync(join(root, "package.json"), join(path, "package.json"));
  mkdirSync(join(path, "node_modules/@alcove"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name.startsWith(".") || name === "@alcove") continue;
    symlinkSync(join(root, "node_modules", name), join(path, "node_modules", name));
  }
  for (const name of PACKAGES) {
    mkdirSync(join(path, "packages", name), { recursive: true });
    const manifest = `packages/${name}/package.json`;
    cpSync(join(root, manifest), join(path, manifest));
    symlinkSync(join(path, "packages", name), join(path, "node_modules/@alcove", name));
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("rooms-check: a sound house passes and every file of it was read", async () => {
  using sound = house(SOUND);
  const verdict = await checkRooms(sound.path);
  const count = Object.keys(SOUND).length;
  assert.deepEqual(verdict, { onDisk: count, read: count, missed: [], violations: [] });
});

test("rooms-check: each planted violation is caught by its own rule", async () => {
  const planted = Object.fromEntries(PLANTED.map(({ path, text }) => [path, text]));
  using broken = house({ ...SOUND, [`${DAEMON}/core/vm.test.ts`]: "export {};\n", ...planted });
  const { violations } = await checkRooms(broken.path);
  const caught = new Set(violations.map(({ rule, from }) => `${rule} ${from}`));
  const escaped = PLANTED.filter(({ rule, path }) => !caught.has(`${rule} ${path}`));
  assert.deepEqual(escaped, []);
});

test("rooms-check: a file that the checker did not read is a failure, not a silence", async () => {
  using hidden = house({ ...SOUND, [`${DAEMON}/dist/x.ts`]: "export {};\n" });
  writeFileSync(
    join(hidden.path, ".dependency-cruiser.cjs"),
    "module.exports = { forbidden: [], options: { parser: 'acorn', exclude: 'lib/' } };\n",
  );
  const { missed } = await checkRooms(hidden.path);
  assert.ok(missed.includes(`${DAEMON}/lib/bytes.ts`), missed.join(" "));
});

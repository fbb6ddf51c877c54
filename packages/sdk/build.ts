/**
 * Makes the package that is published: JavaScript for Node 18 and browsers, with types, from the
 * sources that this checkout runs as they are. The compiler is given the library of Node 18, so
 * what that Node lacks does not compile.
 *
 *     npm run build -w @alcove/sdk        into packages/sdk/dist; publish that directory
 */

import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { ERROR_CODES } from "@alcove/api";

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, "../..");
const COMPILER = path.join(ROOT, "node_modules/typescript/bin/tsc");
const COMPILE_LIMIT_MS = 120_000;
const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** @param target directory that is replaced */
export async function buildPackage(target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  const project = path.join(HERE, "tsconfig.build.json");
  const args = [COMPILER, "-p", project, "--noEmit", "false", "--outDir", target];
  await run(process.execPath, args, { timeout: COMPILE_LIMIT_MS });
  await finishTypes(target);
  const manifest: Manifest = JSON.parse(await readFile(path.join(HERE, "package.json"), "utf8"));
  const published = JSON.stringify(publishedManifest(manifest), null, 2);
  await writeFile(path.join(target, "package.json"), `${published}\n`);
  await copyFile(path.join(ROOT, "docs/sdk.md"), path.join(target, "README.md"));
  await copyFile(path.join(ROOT, "LICENSE"), path.join(target, "LICENSE"));
}

/**
 * The compiler rewrites imports in programs, not in types. And the api package is not published: the
 * only thing taken from it is the list of error codes.
 */
async function finishTypes(target: string): Promise<void> {
  const codes = ERROR_CODES.map((code) => JSON.stringify(code)).join(" | ");
  await writeFile(path.join(target, "error-code.d.ts"), `export type ApiErrorCode = ${codes};\n`);
  for (const name of globSync("**/*.d.ts", { cwd: target })) {
    const file = path.join(target, name);
    const text = (await readFile(file, "utf8")).replace('"@alcove/api"', '"./error-code.js"');
    await writeFile(file, text.replace(/((?:from|import) ?\(?"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

function publishedManifest({ name, version, description, license, dependencies }: Manifest) {
  const { "@alcove/api": _, ...needed } = dependencies;
  return {
    name,
    version,
    description,
    license,
    type: "module",
    engines: { node: ">=18" },
    exports: {
      ".": {
        browser: { types: "./browser/index.d.ts", default: "./browser/index.js" },
        types: "./index.d.ts",
        default: "./index.js",
      },
      "./browser": { types: "./browser/index.d.ts", default: "./browser/index.js" },
    },
    sideEffects: ["./dispose-symbols.js"],
    dependencies: needed,
  };
}

if (import.meta.main) await buildPackage(path.join(HERE, "dist"));

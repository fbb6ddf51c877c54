/**
 * `tsc` over every TypeScript project of the repository.
 *
 * A project without a source file yet is passed over; one whose sources nobody
 * compiles is a failure, so that no file stays unchecked unnoticed.
 */

import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { inWords, runCommand } from "./command.ts";
import { sourceFiles } from "./source-files.ts";

const root = join(import.meta.dirname, "..");
const never = new AbortController().signal;

async function check(project: string): Promise<boolean> {
  const folder = dirname(project);
  const name = project.endsWith("/tsconfig.json") ? folder : project;
  const sources = sourceFiles(root, folder === "." ? ["scripts", "e2e", "bench"] : [folder]);
  if (sources.length === 0) {
    console.log(`   ${name}: no source file yet`);
    return true;
  }
  // By path: the bin `tsc` may be that of TypeScript 6, which the import rules need.
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const end = await runCommand({ file: tsc, args: ["-p", project], cwd: root }, never);
  const verdict = end.code === 0 ? "ok" : "FAILED";
  console.log(`   ${name}: ${sources.length} files ${verdict} (${inWords(end.tookMs)})`);
  if (end.code !== 0) console.log(end.output);
  return end.code === 0;
}

/** Folders under packages/ that hold sources but no tsconfig.json. */
function forgotten(): string[] {
  const packages = new Set(sourceFiles(root, ["packages"]).map((path) => path.split("/")[1] ?? ""));
  return [...packages].filter((name) => !existsSync(join(root, "packages", name, "tsconfig.json")));
}

const projects = [
  "tsconfig.json",
  ...globSync("packages/*/tsconfig*.json", { cwd: root }).toSorted(),
];
let good = true;
for (const project of projects) good = (await check(project)) && good;
for (const name of forgotten()) {
  console.log(`   packages/${name}: has sources but no tsconfig.json, so nothing checks them`);
  good = false;
}
process.exitCode = good ? 0 : 1;

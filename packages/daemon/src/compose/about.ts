/** What this daemon is: version, commit, platform in Go's words. */

import { readFile } from "node:fs/promises";
import path from "node:path";

import { gitCommit } from "#host/git-commit.ts";
import type { About } from "#http/slicer/wire.ts";

const ROOT = path.resolve(import.meta.dirname, "../../../..");
const GO_ARCH: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export async function about(): Promise<About> {
  const manifest: { version?: unknown } = JSON.parse(
    await readFile(path.join(import.meta.dirname, "../../package.json"), "utf8"),
  );
  return {
    version: typeof manifest.version === "string" ? manifest.version : "0.0.0",
    gitCommit: await gitCommit(ROOT),
    platform: process.platform,
    arch: GO_ARCH[process.arch] ?? process.arch,
  };
}

/** The command line of this checkout, as a process of its own, against a bench's daemon. */

import path from "node:path";

import { runCommand } from "../../scripts/command.ts";
import type { BenchHost } from "./bench-host.ts";

const ROOT = path.join(import.meta.dirname, "../..");

/** Rejects with what the command said unless it exits with 0. */
export async function alcove(
  { url, token }: Pick<BenchHost, "url" | "token">,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const env = {
    PATH: process.env["PATH"],
    HOME: "/nonexistent",
    ALCOVE_URL: url,
    ALCOVE_TOKEN: token,
  };
  const file = path.join(ROOT, "bin/alcove");
  const end = await runCommand({ file, args, cwd: ROOT, env }, signal);
  signal.throwIfAborted();
  if (end.code !== 0) throw new Error(`alcove ${args.join(" ")}: ${end.code}: ${end.output}`);
}

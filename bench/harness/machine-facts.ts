/** The machine that a report was taken on. Without it, figures in `ms` mean nothing. */

import { cpus, loadavg, release, totalmem } from "node:os";
import path from "node:path";

import { gitCommit } from "../../packages/daemon/src/host/git-commit.ts";
import { runCommand } from "../../scripts/command.ts";

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** `uname -r` of the host */
  readonly kernel: string;
  readonly qemu: string;
  readonly node: string;
  readonly ssh: string;
  /** Alcove's own commit */
  readonly commit: string;
  /** load averages over 1, 5 and 15 minutes, before the bench made load itself */
  readonly load: readonly number[];
}

/** above it, somebody else is working on this machine */
const QUIET_LOAD = 1;

const ROOT = path.join(import.meta.dirname, "../..");

export async function machineFacts(signal: AbortSignal): Promise<MachineFacts> {
  const load = loadavg().map((value) => Math.round(value * 100) / 100);
  const qemu = await firstLine("qemu-system-x86_64", ["--version"], signal);
  const ssh = await firstLine("ssh", ["-V"], signal);
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    qemu: /version (\S+)/.exec(qemu)?.[1] ?? qemu,
    node: process.version,
    ssh: /OpenSSH_([^\s,]+)/.exec(ssh)?.[1] ?? ssh,
    commit: (await gitCommit(ROOT)).slice(0, 12),
    load,
  };
}

/** @returns what to tell the reader when the figures cannot be trusted, or `undefined` */
export function warningFor({ load, cores }: MachineFacts): string | undefined {
  const [lastMinute = 0] = load;
  if (lastMinute <= QUIET_LOAD) return undefined;
  return (
    `The machine was busy when this began (load ${lastMinute} on ${cores} cores): ` +
    "read the ratios, not the times, and take the figures again on a quiet machine."
  );
}

async function firstLine(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const end = await runCommand({ file, args, cwd: ROOT }, signal);
  if (end.code === 127) throw new Error(`${file} is missing; npm run setup installs it`);
  return end.output.split("\n")[0] ?? "";
}

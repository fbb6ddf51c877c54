/**
 * What the builders share: running tools with their output shown as progress, and scratch space.
 */

import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import type { ReportProgress } from "#core/image/progress.ts";
import { ProgramFailed, ProgramMissing, run, type RunSpec, TOOL_ENV } from "#process/run.ts";

/** Everything a build needs from outside, resolved once. */
export interface BuildContext {
  /** directory of the image store */
  readonly root: string;
  /** directory of the recipes */
  readonly recipesDir: string;
  /** the agent for the guest: a static binary */
  readonly agentPath: string;
  /** unit file for images with systemd */
  readonly agentUnitPath: string;
  /** variables for tools that download: proxies */
  readonly downloadEnv: Readonly<Record<string, string>>;
  /** `cached` uses packages downloaded before; `fresh` asks the mirror again and then forgets those */
  readonly freshness: "cached" | "fresh";
  readonly report: ReportProgress;
}

/** The moment that all files of an image carry at most: 2025-01-01, in `s` since 1970. */
export const SOURCE_DATE_EPOCH = 1_735_689_600;

export function toolEnv(context: BuildContext): Record<string, string> {
  return {
    ...TOOL_ENV,
    ...context.downloadEnv,
    SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH),
    DEBIAN_FRONTEND: "noninteractive",
  };
}

/** how many of a tool's last lines are quoted when it fails */
const QUOTED_LINES = 12;

export interface ToolSpec {
  readonly step: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** reads a line of output; what it returns is shown */
  readonly progressOf?: (line: string) => { detail: string; fraction?: number } | undefined;
}

/** Runs a build tool; what it writes is progress, and its last lines are the error's cause. */
export async function runTool(
  context: BuildContext,
  spec: ToolSpec,
  signal: AbortSignal,
): Promise<void> {
  const lastLines: string[] = [];
  const onLine = (line: string) => {
    if (line.trim() === "") return;
    lastLines.push(line);
    if (lastLines.length > QUOTED_LINES) lastLines.shift();
    const shown = spec.progressOf ? spec.progressOf(line) : { detail: line.trim() };
    if (shown) context.report({ step: spec.step, ...shown });
  };
  context.report({ step: spec.step });
  // Tools write their progress to either stream; here both are one.
  const words = ["-c", 'exec "$0" "$@" 2>&1', ...contained([spec.file, ...spec.args])];
  const env = spec.env ?? toolEnv(context);
  const command: RunSpec = { file: "/bin/sh", args: words, env, onLine, ...cwdOf(spec) };
  try {
    await run(command, signal);
  } catch (cause) {
    signal.throwIfAborted();
    const why = lastLines.length > 0 ? `:\n${lastLines.join("\n")}` : "";
    throw buildFailed(spec.step, `${path.basename(spec.file)} failed${why}`, cause);
  }
}

/**
 * A command that does not outlive this process, even when this process is killed, and that leaves
 * nothing mounted on the host. Root gets that for all the tool starts, by namespaces of its own;
 * others for the tool itself.
 */
function contained(command: readonly string[]): string[] {
  const dieWithUs = ["setpriv", "--pdeathsig", "KILL", "--"];
  const namespaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"];
  const isolated = ["unshare", ...namespaces, "--mount-proc", "--"];
  return [...dieWithUs, ...(process.getuid?.() === 0 ? isolated : []), ...command];
}

function cwdOf(spec: ToolSpec): { cwd?: string } {
  return spec.cwd === undefined ? {} : { cwd: spec.cwd };
}

/** Turns an error into one that a person who builds can act on. */
export function buildFailed(
  step: string,
  problem: string,
  cause?: unknown,
): AlcoveError<"build_failed"> {
  return new AlcoveError("build_failed", `Could not ${step}: ${problem}`, { step }, { cause });
}

/** Runs something; a failure that says nothing to the caller becomes `build_failed` with the step. */
export async function during<Result>(
  context: BuildContext,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  context.report({ step: name });
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProgramMissing || error instanceof ProgramFailed) {
      throw buildFailed(name, error.message, error);
    }
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
      throw buildFailed(name, "the disk that holds the image store is full", error);
    }
    throw error;
  }
}

/** A directory below `tmp/` of the store; disposing removes it with everything in it. */
export async function scratchDir(
  root: string,
  purpose: string,
): Promise<AsyncDisposable & { path: string }> {
  const dir = path.join(root, "tmp", `${purpose}-${randomBytes(6).toString("hex")}`);
  await mkdir(dir, { recursive: true });
  return { path: dir, [Symbol.asyncDispose]: () => removeTree(dir) };
}

/**
 * Removes a directory tree, unless something is mounted below it: a killed build may have left the
 * host's own `/dev` mounted there.
 */
export async function removeTree(dir: string): Promise<void> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const below = mounts
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((at) => at.startsWith(`${dir}/`));
  if (below.length > 0) {
    throw new Error(
      `Something is mounted at ${below[0]}, left by an interrupted build: unmount it first`,
    );
  }
  // A killed build's tools may write for another moment.
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

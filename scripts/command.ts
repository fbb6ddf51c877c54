/** Runs one command of the house (a linter, a compiler, a test runner) and keeps what it said. */

import { spawn } from "node:child_process";
import type { SpawnOptions } from "node:child_process";

/** the newest part of a command's output is kept, the rest is dropped */
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** called with each piece of output as it comes, on top of keeping it */
  readonly onOutput?: (chunk: Buffer) => void;
}

export interface CommandEnd {
  /** exit code; 127 when it could not be started, 128 when a signal ended it */
  readonly code: number;
  /** standard output and error, in the order they came */
  readonly output: string;
  /** standard output alone */
  readonly stdout: string;
  readonly tookMs: number;
}

/** Never rejects: a command that cannot be started ends with code 127 and the reason as output. */
export async function runCommand(command: Command, signal: AbortSignal): Promise<CommandEnd> {
  const startedAt = performance.now();
  const all = new NewestBytes();
  const printed = new NewestBytes();
  const keep = (chunk: Buffer): void => {
    command.onOutput?.(chunk);
    all.add(chunk);
  };
  const options: SpawnOptions = {
    cwd: command.cwd,
    env: command.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  };
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = spawn(command.file, command.args, options);
  child.stdout?.on("data", keep);
  child.stdout?.on("data", (chunk: Buffer) => printed.add(chunk));
  child.stderr?.on("data", keep);
  child.on("error", (error) => {
    keep(Buffer.from(`${command.file}: ${error.message}\n`));
    resolve(127);
  });
  child.on("close", (code) => resolve(code ?? 128));
  const code = await promise;
  const tookMs = performance.now() - startedAt;
  return { code, output: all.text(), stdout: printed.text(), tookMs };
}

class NewestBytes {
  readonly #chunks: Buffer[] = [];
  #kept = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    while (this.#kept > OUTPUT_LIMIT_BYTES)
      this.#kept -= this.#chunks.shift()?.length ?? this.#kept;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

/** @returns "0.42 s", "12.3 s" or "3 min 05 s" */
export function inWords(tookMs: number): string {
  const seconds = tookMs / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return `${Math.floor(seconds / 60)} min ${rest} s`;
}

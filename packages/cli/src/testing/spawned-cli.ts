/** The `alcove` command as a process, with a clean environment. Only for tests. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface CliEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
/** No test's command takes longer, in `ms`. */
const LIMIT_MS = 60_000;
/** What a command says of itself when the machine is slow; its own test is `progress.test.ts`. */
const SIGNS_OF_LIFE = /^.* \.\.\.\n/gm;

export class SpawnedCli {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CliEnd>;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], { stdin = "", env = {} }: CliOptions = {}) {
    this.process = spawn(process.execPath, [MAIN, ...args], {
      env: {
        PATH: process.env["PATH"],
        HOME: "/nonexistent",
        ALCOVE_STATE_DIR: "/nonexistent",
        ALCOVE_RUNTIME_DIR: "/nonexistent",
        ...env,
      },
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
    });
    this.process.stdout.on(
      "data",
      (chunk: Buffer) => void (this.#stdout += chunk.toString("latin1")),
    );
    this.process.stderr.on(
      "data",
      (chunk: Buffer) => void (this.#stderr += chunk.toString("utf8")),
    );
    this.process.stdin.on("error", () => undefined); // it may end before it has read everything
    this.process.stdin.end(stdin);
    this.ended = this.#end();
  }

  async #end(): Promise<CliEnd> {
    await once(this.process, "close");
    const stderr = this.#stderr.replace(SIGNS_OF_LIFE, "");
    return { exitCode: this.process.exitCode, stdout: this.#stdout, stderr };
  }
}

export async function alcove(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  return await new SpawnedCli(args, options).ended;
}

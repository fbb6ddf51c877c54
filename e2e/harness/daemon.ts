/** A real daemon as a child process, its whole log kept. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { NODE_FLAGS } from "../../packages/cli/src/daemon-script.ts";
import { ROOT } from "./can-run.ts";
import { isObject, type JsonObject } from "./json-value.ts";
import { inTime } from "./until.ts";

const MAIN = path.join(ROOT, "packages/daemon/src/main.ts");
/** as the command `alcove` has it */
const COMPILED = { NODE_COMPILE_CACHE: path.join(ROOT, "node_modules/.cache/alcove") };
const START_MS = 60_000;
const STOP_MS = 90_000;

export interface DaemonEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export class Daemon {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listening = Promise.withResolvers<JsonObject>();
  readonly ended: Promise<DaemonEnd>;

  /** Resolves when it serves; rejects with its log when it ended before. */
  static async start(env: NodeJS.ProcessEnv): Promise<Daemon> {
    const daemon = Daemon.spawn(env);
    await daemon.serves();
    return daemon;
  }

  /** For daemons that are expected to fail, or to be killed before they serve. */
  static spawn(env: NodeJS.ProcessEnv): Daemon {
    return new Daemon(env);
  }

  private constructor(env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, [...NODE_FLAGS, MAIN], {
      env: { ...COMPILED, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const input of [this.#child.stdout, this.#child.stderr]) {
      if (input) createInterface({ input }).on("line", (line) => this.#keep(line));
    }
    this.#listening.promise.catch(() => {}); // told to whoever asks with serves()
    this.ended = this.#end();
  }

  async serves(): Promise<JsonObject> {
    return inTime("the daemon serves", this.#listening.promise, START_MS);
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("the daemon could not be spawned");
    return pid;
  }

  async port(): Promise<number> {
    const { port } = await this.serves();
    return Number(port);
  }

  /** raw lines of its log, oldest first */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** log lines of one event, from line `since` on */
  events(event: string, since = 0): readonly JsonObject[] {
    return this.#lines
      .slice(since)
      .map(parsed)
      .filter((line) => line["event"] === event);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** resident memory, in bytes */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Asks for an orderly end. */
  async stop(): Promise<DaemonEnd> {
    this.#child.kill("SIGTERM");
    return inTime("the daemon stops", this.ended, STOP_MS);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    const fields = parsed(line);
    if (fields["event"] === "host.listening") this.#listening.resolve(fields);
  }

  async #end(): Promise<DaemonEnd> {
    const [code, signal] = await once(this.#child, "close");
    const how = `the daemon ended (${code ?? signal}) before it served:`;
    this.#listening.reject(new Error([how, ...this.#lines].join("\n")));
    return { code, signal };
  }
}

function parsed(line: string): JsonObject {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    return {}; // not the daemon's own log: a warning of Node's, a stack
  }
}

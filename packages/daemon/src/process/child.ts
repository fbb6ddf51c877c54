/**
 * The one place that starts processes.
 *
 * A child gets exactly the environment it is given: a hypervisor or a build tool must not inherit
 * the daemon's secrets. This file knows nothing of what it starts; running a program to its end
 * and collecting its output is `run.ts`.
 */

import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

/** how much of a child's stderr is remembered as its last words */
export const STDERR_TAIL_CHARS = 8192;

export interface ChildSpec {
  /** program: an absolute path, or a name looked up in `env.PATH` */
  readonly file: string;
  readonly args: readonly string[];
  /** the whole environment of the child; nothing is inherited */
  readonly env: Readonly<Record<string, string>>;
  /** time between SIGTERM and SIGKILL when the child is disposed, in `ms`; 0 kills at once */
  readonly graceMs: number;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** `own`: a session and process group of its own, which `kill` and dispose then hit as a whole */
  readonly session?: "shared" | "own";
  /** default `ignore` (/dev/null) */
  readonly stdin?: "ignore" | "pipe";
  /** default `ignore`; a number is an open file descriptor handed to the child */
  readonly stdout?: "ignore" | "pipe" | number;
  /** default `tail`: kept as last words; a number is an open file descriptor handed to the child */
  readonly stderr?: "tail" | "ignore" | number;
  /** open file descriptors, and sockets, handed to the child as 3, 4, …; a socket's owner must `resume` it */
  readonly extraFds?: readonly (number | Socket)[];
}

export interface ChildEnd {
  /** `null` when a signal ended it */
  readonly exitCode: number | null;
  /** `null` when it exited by itself */
  readonly signal: NodeJS.Signals | null;
  /** the end of what it wrote to stderr; empty unless stderr is `tail` */
  readonly stderrTail: string;
}

/** A running process. Disposing it ends and reaps it; disposing twice is harmless. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  /** settles once, when the process has been reaped; never rejects */
  readonly ended: Promise<ChildEnd>;
  /** present when the spec asked for a pipe */
  readonly stdin: Writable | undefined;
  /** present when the spec asked for a pipe; must be read, or the child blocks */
  readonly stdout: Readable | undefined;
  readonly #process: ChildProcess;
  readonly #graceMs: number;
  readonly #ownGroup: boolean;

  private constructor(process: ChildProcess, pid: number, spec: ChildSpec) {
    this.pid = pid;
    this.#process = process;
    this.#graceMs = spec.graceMs;
    this.#ownGroup = spec.session === "own";
    this.stdin = process.stdin ?? undefined;
    this.stdout = process.stdout ?? undefined;
    this.ended = reap(process);
  }

  /** Rejects if the program cannot be started at all; the error names the program. */
  static async spawn(spec: ChildSpec): Promise<Child> {
    const process = spawn(spec.file, [...spec.args], {
      env: { ...spec.env },
      stdio: stdioOf(spec),
      detached: spec.session === "own",
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    });
    await once(process, "spawn");
    if (process.pid === undefined) throw new Error("invariant: a spawned process has a pid");
    return new Child(process, process.pid, spec);
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Sends a signal to the child, or to its whole group if it has its own; too late is harmless. */
  kill(signal: NodeJS.Signals): void {
    if (!this.#ownGroup) {
      this.#process.kill(signal);
      return;
    }
    signalGroup(this.pid, signal);
  }

  /**
   * Lets the daemon exit while the child goes on, and stops watching it. Only sensible for a child
   * with a session of its own and no pipes: a pipe breaks when the daemon goes.
   */
  leaveRunning(): void {
    this.#process.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running && this.#graceMs > 0) {
      this.kill("SIGTERM");
      await settlesWithin(this.ended, this.#graceMs);
    }
    // A group is killed even when its leader is gone: what the leader started must go too.
    if (this.running || this.#ownGroup) this.kill("SIGKILL");
    await this.ended;
  }
}

function stdioOf(spec: ChildSpec): StdioOptions {
  const stderr = spec.stderr ?? "tail";
  return [
    spec.stdin ?? "ignore",
    spec.stdout ?? "ignore",
    stderr === "tail" ? "pipe" : stderr,
    ...(spec.extraFds ?? []),
  ];
}

function reap(process: ChildProcess): Promise<ChildEnd> {
  const { promise, resolve } = Promise.withResolvers<ChildEnd>();
  let stderrTail = "";
  process.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderrTail = (stderrTail + chunk).slice(-STDERR_TAIL_CHARS);
  });
  process.stdin?.on("error", () => {
    // The child closed its stdin or ended: its end, which is reported, says why.
  });
  // Signalling may fail after the spawn (permissions): the process is still there and still reaped.
  process.on("error", (error) => {
    stderrTail = (stderrTail + String(error)).slice(-STDERR_TAIL_CHARS);
  });
  process.once("exit", (exitCode, signal) => {
    const settle = () => resolve({ exitCode, signal, stderrTail });
    process.once("close", settle);
    // A grandchild may hold stderr open for ever; the last words are then what came so far.
    setTimeout(settle, LINGERING_PIPE_MS).unref();
  });
  return promise;
}

/** how long the end waits for pipes that a grandchild still holds, in `ms` */
const LINGERING_PIPE_MS = 500;

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  const stop = new AbortController();
  const late = delay(ms, undefined, { signal: stop.signal }).catch(() => undefined);
  await Promise.race([promise, late]);
  stop.abort();
}

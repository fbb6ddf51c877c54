/**
 * Runs a program to its end: bounded output, a signal that ends it, and its last words in the error.
 */

import { Child, type ChildEnd, type ChildSpec } from "./child.ts";

/** how much of stdout `run` collects unless told otherwise */
export const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** time a program gets between SIGTERM and SIGKILL when its run is aborted, in `ms` */
const GRACE_MS = 2000;

/** the environment most tools need and no more */
export const TOOL_ENV: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
};

export interface RunSpec {
  readonly file: string;
  readonly args: readonly string[];
  /** default `TOOL_ENV` */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** bytes for stdin; default none */
  readonly input?: string | Uint8Array;
  /** stdout beyond this ends the run with an error; default `MAX_OUTPUT_BYTES` */
  readonly maxOutputBytes?: number;
  /** given each line of stdout and then nothing is collected: for long-running tools */
  readonly onLine?: (line: string) => void;
}

/** A program that ran and failed. `message` holds the program's name and its last words. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
  readonly file: string;
  readonly exitCode: number | null;
  readonly lastWords: string;

  constructor(file: string, how: string, end: ChildEnd) {
    const lastWords = printable(end.stderrTail).trim();
    super(`${file} ${how}${lastWords === "" ? "" : `: ${lastWords}`}`);
    this.file = file;
    this.exitCode = end.exitCode;
    this.lastWords = lastWords;
  }
}

/** A program that is not installed, or may not be executed. */
export class ProgramMissing extends Error {
  override readonly name = "ProgramMissing";
  readonly file: string;

  constructor(file: string, options: ErrorOptions) {
    super(`The program ${file} is not installed or cannot be executed`, options);
    this.file = file;
  }
}

/**
 * Resolves with stdout when the program exits with 0.
 * Rejects with `ProgramFailed`, `ProgramMissing`, a `TimeoutError` that names the program, or the signal's own reason. The program and all it
 * started have ended by then.
 */
export async function run(spec: RunSpec, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  await using child = await start(spec);
  using _abort = onAbort(signal, () => void child[Symbol.asyncDispose]());
  if (spec.input !== undefined) child.stdin?.end(spec.input);
  const [output, end] = await Promise.all([collect(child, spec), child.ended]);
  if (isOverdue(signal)) throw overdue(spec.file, signal.reason);
  signal.throwIfAborted();
  if (output === "too much") throw new ProgramFailed(spec.file, "wrote too much output", end);
  if (end.exitCode !== 0) throw new ProgramFailed(spec.file, howItEnded(end), end);
  return output;
}

/** `run`, with stdout as text. */
export async function runText(spec: RunSpec, signal: AbortSignal): Promise<string> {
  return (await run(spec, signal)).toString("utf8");
}

function isOverdue({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

/** Goes by the deadline's name, whose own error says only that there was one. */
function overdue(file: string, cause: unknown): Error {
  const error = new Error(`${file} did not end in time`, { cause });
  error.name = "TimeoutError";
  return error;
}

async function start(spec: RunSpec): Promise<Child> {
  const child: ChildSpec = {
    file: spec.file,
    args: spec.args,
    env: spec.env ?? TOOL_ENV,
    graceMs: GRACE_MS,
    session: "own",
    stdin: spec.input === undefined ? "ignore" : "pipe",
    stdout: "pipe",
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  };
  try {
    return await Child.spawn(child);
  } catch (cause) {
    throw new ProgramMissing(spec.file, { cause });
  }
}

async function collect(child: Child, spec: RunSpec): Promise<Buffer | "too much"> {
  const { stdout } = child;
  if (!stdout) throw new Error("invariant: a run child has a stdout pipe");
  if (spec.onLine) return eachLine(stdout, spec.onLine);
  const limit = spec.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      child.kill("SIGKILL");
      return "too much";
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** a line longer than this is handed on in pieces */
const MAX_LINE_CHARS = 4096;

async function eachLine(
  stdout: AsyncIterable<Buffer>,
  onLine: (line: string) => void,
): Promise<Buffer> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE_CHARS) {
      lines.push(rest);
      rest = "";
    }
    for (const line of lines) onLine(printable(line));
  }
  if (rest !== "") onLine(printable(rest));
  return Buffer.alloc(0);
}

function howItEnded(end: ChildEnd): string {
  return end.signal === null
    ? `failed with exit code ${end.exitCode}`
    : `was ended by ${end.signal}`;
}

/** A program's output may hold guest or file names: no control characters reach a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]+/gu, " ");
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener("abort", act, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", act) };
}

/**
 * A command in a guest. Nothing is sent until the execution is awaited (one buffered result) or
 * iterated (frames as they come); it can be used once, in one of the two ways.
 */

import { AlcoveProtocolError } from "./errors.ts";
import { type ExecFrame, type ExitFrame, execFrames } from "./exec-frames.ts";
import { readNdjson } from "./ndjson.ts";
import type { Query } from "./query.ts";
import type { Content, Wire } from "./wire.ts";

/** What is run, as whom and where: the same for commands that are waited for and those that are not. */
export interface CommandSpec {
  /** program, or with no `args` possibly a shell line: the host decides as its API says */
  readonly cmd: string;
  readonly args?: readonly string[];
  /** by name, or as `NAME=value` in order, where a later one wins */
  readonly env?: Readonly<Record<string, string>> | readonly string[];
  /** working directory; default: the user's home */
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** shell that runs `cmd`; an empty text forces none */
  readonly shell?: string;
}

/** Without `uid` it runs as root. */
export interface ExecSpec extends CommandSpec {
  /** default: nothing to read. A stream is consumed as the process reads, and ended with it */
  readonly stdin?: Content;
  /** bound of stdout and stderr together when awaited, in bytes; default 64 MiB */
  readonly maxOutputBytes?: number;
}

export interface ExecResult<B extends Uint8Array = Uint8Array> {
  readonly exitCode: number;
  /** name of the signal that ended the process */
  readonly signal?: string;
  /** why the process could not be started */
  readonly error?: string;
  readonly stdout: B;
  readonly stderr: B;
}

const DEFAULT_MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export class Execution<B extends Uint8Array = Uint8Array>
  implements PromiseLike<ExecResult<B>>, AsyncIterable<ExecFrame<B>>
{
  readonly #wire: Wire<B>;
  readonly #path: string;
  readonly #spec: ExecSpec;
  readonly #signal: AbortSignal;
  #result: Promise<ExecResult<B>> | undefined;
  #started = false;

  /** @param signal abort ends the process in the guest */
  constructor(wire: Wire<B>, path: string, spec: ExecSpec, signal: AbortSignal) {
    this.#wire = wire;
    this.#path = path;
    this.#spec = spec;
    this.#signal = signal;
  }

  // eslint-disable-next-line unicorn/no-thenable -- being awaited is what this object is for
  then<R = ExecResult<B>, F = never>(
    onFulfilled?: ((result: ExecResult<B>) => R | PromiseLike<R>) | null,
    onRejected?: ((reason: unknown) => F | PromiseLike<F>) | null,
  ): Promise<R | F> {
    this.#result ??= this.#collect();
    return this.#result.then(onFulfilled, onRejected);
  }

  /** Leaving the loop early ends the process in the guest. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ExecFrame<B>> {
    this.#begin();
    const { stdin } = this.#spec;
    const answer = await this.#wire.open(
      {
        method: "POST",
        path: this.#path,
        query: { ...commandQuery(this.#spec), stdin: stdin === undefined ? undefined : true },
        ...(stdin === undefined ? {} : { body: stdin, headers: OCTET_STREAM }),
      },
      this.#signal,
    );
    try {
      yield* execFrames(readNdjson(answer.chunks()), this.#wire.codec);
    } finally {
      answer.close();
    }
  }

  async #collect(): Promise<ExecResult<B>> {
    const limitBytes = this.#spec.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
    const output = { stdout: new Array<B>(), stderr: new Array<B>() };
    let bytes = 0;
    let exit: ExitFrame | undefined;
    for await (const frame of this) {
      if (frame.type === "exit") exit = frame;
      if (frame.type !== "stdout" && frame.type !== "stderr") continue;
      bytes += frame.bytes.length;
      if (bytes > limitBytes) {
        throw new AlcoveProtocolError(`The command wrote more than ${limitBytes} bytes`);
      }
      output[frame.type].push(frame.bytes);
    }
    if (!exit) throw new Error("invariant: an exec stream ends with an exit frame");
    const { type: _, ...end } = exit;
    const { concat } = this.#wire.codec;
    return { ...end, stdout: concat(output.stdout), stderr: concat(output.stderr) };
  }

  #begin(): void {
    if (this.#started) throw new Error("An execution can be awaited or iterated once, not both");
    this.#started = true;
  }
}

const OCTET_STREAM = { "content-type": "application/octet-stream" };

/** Output is always asked for as base64: text would lose bytes that are no text. */
export function commandQuery(spec: CommandSpec): Query {
  const { env = [] } = spec;
  return {
    cmd: spec.cmd,
    args: spec.args,
    env: isList(env) ? env : Object.entries(env).map(([name, value]) => `${name}=${value}`),
    cwd: spec.cwd,
    uid: spec.uid,
    gid: spec.gid,
    shell: spec.shell,
    stdio: "base64",
  };
}

function isList(env: NonNullable<CommandSpec["env"]>): env is readonly string[] {
  return Array.isArray(env);
}

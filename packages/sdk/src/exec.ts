/**
 * A command in a guest. Nothing is sent until the execution is awaited (one buffered result) or
 * iterated (frames as they come); it can be used once, in one of the two ways.
 */

import { Readable } from "node:stream";

import { AlcoveProtocolError } from "./errors.ts";
import { type ExecFrame, type ExitFrame, execFrames } from "./exec-frames.ts";
import { readNdjson } from "./ndjson.ts";
import type { Query } from "./query.ts";
import type { Transport } from "./transport.ts";

export interface ExecSpec {
  /** program, or with no `args` possibly a shell line: the host decides as its API says */
  readonly cmd: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** working directory; default: the user's home */
  readonly cwd?: string;
  /** default 0, root */
  readonly uid?: number;
  readonly gid?: number;
  /** shell that runs `cmd`; an empty text forces none */
  readonly shell?: string;
  /** default: nothing to read. A stream is consumed as the process reads, and destroyed at its end */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array> | Readable;
  /** bound of stdout and stderr together when awaited, in bytes; default 64 MiB */
  readonly maxOutputBytes?: number;
}

export interface ExecResult {
  readonly exitCode: number;
  /** name of the signal that ended the process */
  readonly signal?: string;
  /** why the process could not be started */
  readonly error?: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const DEFAULT_MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export class Execution implements PromiseLike<ExecResult>, AsyncIterable<ExecFrame> {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #spec: ExecSpec;
  readonly #signal: AbortSignal;
  #result: Promise<ExecResult> | undefined;
  #started = false;

  /** @param signal abort ends the process in the guest */
  constructor(transport: Transport, path: string, spec: ExecSpec, signal: AbortSignal) {
    this.#transport = transport;
    this.#path = path;
    this.#spec = spec;
    this.#signal = signal;
  }

  // eslint-disable-next-line unicorn/no-thenable -- being awaited is what this object is for
  then<A = ExecResult, B = never>(
    onFulfilled?: ((result: ExecResult) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#result ??= this.#collect();
    return this.#result.then(onFulfilled, onRejected);
  }

  /** Leaving the loop early ends the process in the guest. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ExecFrame> {
    this.#begin();
    const { stdin } = this.#spec;
    const exchange = await this.#transport.open(
      {
        method: "POST",
        path: this.#path,
        query: queryOf(this.#spec),
        ...(stdin === undefined ? {} : { body: toReadable(stdin), headers: OCTET_STREAM }),
      },
      this.#signal,
    );
    try {
      yield* execFrames(readNdjson(exchange.chunks()));
    } finally {
      exchange.close();
    }
  }

  async #collect(): Promise<ExecResult> {
    const limitBytes = this.#spec.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
    const output = { stdout: new Array<Buffer>(), stderr: new Array<Buffer>() };
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
    return { ...end, stdout: Buffer.concat(output.stdout), stderr: Buffer.concat(output.stderr) };
  }

  #begin(): void {
    if (this.#started) throw new Error("An execution can be awaited or iterated once, not both");
    this.#started = true;
  }
}

const OCTET_STREAM = { "content-type": "application/octet-stream" };

function queryOf(spec: ExecSpec): Query {
  return {
    cmd: spec.cmd,
    args: spec.args,
    env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
    cwd: spec.cwd,
    uid: spec.uid,
    gid: spec.gid,
    shell: spec.shell,
    stdin: spec.stdin === undefined ? undefined : true,
    stdio: "base64",
  };
}

function toReadable(stdin: NonNullable<ExecSpec["stdin"]>): Readable {
  if (stdin instanceof Readable) return stdin;
  // `Readable.from` would send a text or array one element at a time.
  const chunks =
    typeof stdin === "string" || stdin instanceof Uint8Array ? [Buffer.from(stdin)] : stdin;
  return Readable.from(chunks, { objectMode: false });
}

/**
 * A terminal in a guest, over a WebSocket. The session's output slows the guest down when it is read
 * slowly; it ends when the shell does.
 */

import { ByteQueue } from "./byte-queue.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { AlcoveConnectionError } from "./errors.ts";
import {
  SHELL_FRAME,
  decodeShellFrame,
  encodeData,
  encodeShellFrame,
  encodeWindowSize,
} from "./shell-frames.ts";
import type { MessageLink, Wire } from "./wire.ts";

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

const HEARTBEAT_MS = 30_000;
/** How long a host may take to end the session after it was asked to, in `ms`. */
const CLOSE_GRACE_MS = 2_000;
const CLOSED_IN_ORDER = 1000;

export class ShellSession<B extends Uint8Array = Uint8Array> implements AsyncDisposable {
  /** what the terminal shows; ends with the session and never fails. To be read by one loop */
  readonly output: AsyncIterable<B>;
  /** settles once, when the session is over; rejects when the connection broke or was aborted */
  readonly ended: Promise<void>;
  readonly #queue: ByteQueue<B>;
  readonly #end: Deferred<void> = deferred();
  readonly #endpoint: string;
  readonly #signal: AbortSignal;
  #link: MessageLink | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  /** one side said that this is the end: how the connection then closes does not matter */
  #ending = false;

  private constructor(endpoint: string, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.#queue = new ByteQueue(() => this.#link?.resume());
    this.output = this.#queue;
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined); // a caller may look at `output` only
  }

  /** @param path percent-encoded, with its query */
  static async open<B extends Uint8Array>(
    wire: Wire<B>,
    path: string,
    size: TerminalSize | undefined,
    signal: AbortSignal,
  ): Promise<ShellSession<B>> {
    const session = new ShellSession<B>(wire.endpoint, signal);
    const events = {
      onMessage: (message: B) => session.#onMessage(message, wire.codec.concat),
      onEnd: (code: number, cause: Error | undefined) => session.#onEnd(code, cause),
    };
    session.#link = await wire.connect(path, events, signal);
    session.#heartbeat = setInterval(() => session.#tell(SHELL_FRAME.heartbeat), HEARTBEAT_MS);
    if (size) session.resize(size);
    return session;
  }

  /** Types; resolves when the bytes have left, so that a reader can be slowed down. */
  async write(input: Uint8Array | string): Promise<void> {
    const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
    for (const frame of encodeData(bytes)) await this.#link?.send(frame);
  }

  resize({ cols, rows }: TerminalSize): void {
    void this.#link?.send(encodeWindowSize(cols, rows));
  }

  /** Asks for an orderly end, and does not wait longer than a moment for it. */
  async close(): Promise<void> {
    this.#ending = true;
    this.#tell(SHELL_FRAME.shutdown);
    const force = setTimeout(() => this.#link?.destroy(), CLOSE_GRACE_MS);
    this.#queue.discard(); // what is not read must not keep the end from arriving
    await this.ended.catch(() => undefined); // how it ended is for whoever awaits `ended`
    clearTimeout(force);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onMessage(message: B, concat: (parts: readonly Uint8Array[]) => B): "more" | "wait" {
    const frame = decodeShellFrame(message);
    if (frame?.type === SHELL_FRAME.data) return this.#queue.push(concat([frame.payload]));
    if (frame?.type === SHELL_FRAME.shutdown || frame?.type === SHELL_FRAME.sessionClose) {
      this.#ending = true;
      this.#link?.close();
    }
    return "more";
  }

  #onEnd(code: number, cause: Error | undefined): void {
    clearInterval(this.#heartbeat);
    this.#queue.end();
    if (this.#signal.aborted) this.#end.reject(this.#signal.reason);
    else if (this.#ending || (code === CLOSED_IN_ORDER && !cause)) this.#end.resolve();
    else this.#end.reject(this.#lost(code, cause));
  }

  #lost(code: number, cause: Error | undefined): AlcoveConnectionError {
    const message = `The shell's connection was lost (${code})`;
    return new AlcoveConnectionError(message, this.#endpoint, { cause });
  }

  #tell(type: typeof SHELL_FRAME.heartbeat | typeof SHELL_FRAME.shutdown): void {
    if (this.#link?.isOpen) void this.#link.send(encodeShellFrame(type));
  }
}

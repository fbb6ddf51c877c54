/**
 * One client at a terminal that outlives it: what is typed and what is shown, over a WebSocket. The terminal goes on
 * when the connection does not, and never waits for who reads slowly.
 */

import { type Deferred, deferred } from "./deferred.ts";
import { AlcoveConnectionError, AlcoveProtocolError, isObject } from "./errors.ts";
import type { TerminalSize } from "./shell.ts";
import type { MessageLink, Wire } from "./wire.ts";

export type TerminalEvent<B extends Uint8Array = Uint8Array> =
  | { readonly type: "output"; readonly bytes: B }
  /** what was kept has come: what follows is shown as it is written */
  | { readonly type: "live" }
  /** output that came here is not kept any more */
  | { readonly type: "gap"; readonly droppedBytes: number }
  /** the last one: 128 + the signal's number when a signal ended the shell */
  | { readonly type: "exit"; readonly code: number };

/** Above this many unread bytes the host is asked to wait; the terminal does not. */
const HIGH_WATER_BYTES = 256 * 1024;
/** what an event costs besides its bytes */
const EVENT_BYTES = 64;
const CLOSED_IN_ORDER = 1000;

export class TerminalSession<B extends Uint8Array = Uint8Array> implements Disposable {
  /** settles with the closing's code when the connection is over, however it ended */
  readonly closed: Promise<number>;
  readonly #closed: Deferred<number> = deferred();
  readonly #endpoint: string;
  readonly #signal: AbortSignal;
  readonly #unread: TerminalEvent<B>[] = [];
  #unreadBytes = 0;
  #link: MessageLink | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #failure: Error | undefined;
  #leaving = false;

  private constructor(endpoint: string, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.closed = this.#closed.promise;
  }

  /** @param path percent-encoded */
  static async open<B extends Uint8Array>(
    wire: Wire<B>,
    path: string,
    signal: AbortSignal,
  ): Promise<TerminalSession<B>> {
    const session = new TerminalSession<B>(wire.endpoint, signal);
    const events = {
      onMessage: (bytes: B) => session.#take({ type: "output", bytes }),
      onText: (text: string) => session.#onText(text),
      onEnd: (code: number, cause: Error | undefined) => session.#onEnd(code, cause),
    };
    session.#link = await wire.connect(path, events, signal);
    return session;
  }

  /**
   * What happens at the terminal, for one reader: ends after `exit`, and when this side has closed.
   * @throws AlcoveConnectionError when the connection was lost: attach again
   */
  async *events(): AsyncGenerator<TerminalEvent<B>> {
    for (;;) {
      const event = this.#unread.shift();
      if (event) {
        this.#read(event);
        yield event;
      } else if (this.#ended) {
        if (this.#failure) throw this.#failure;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  /** Types; resolves when the bytes have left. */
  async write(input: Uint8Array | string): Promise<void> {
    const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
    await this.#link?.send(bytes);
  }

  /** There is one size for all who work at the terminal: the last word counts. */
  resize({ cols, rows }: TerminalSize): void {
    void this.#link?.sendText(JSON.stringify({ type: "resize", cols, rows }));
  }

  /** Leaves; the terminal goes on. */
  close(): void {
    this.#leaving = true;
    this.#link?.close();
    this.#unread.length = 0;
    this.#unreadBytes = 0;
    this.#link?.resume();
    this.#finish();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #onText(text: string): "more" | "wait" {
    const event = noticeIn(text);
    if (event) return this.#take(event);
    this.#failure ??= new AlcoveProtocolError("The host said of a terminal what means nothing");
    this.#link?.destroy();
    return "more";
  }

  #take(event: TerminalEvent<B>): "more" | "wait" {
    if (this.#leaving) return "more";
    this.#unread.push(event);
    this.#unreadBytes += costOf(event);
    this.#wake?.();
    return this.#unreadBytes < HIGH_WATER_BYTES ? "more" : "wait";
  }

  #read(event: TerminalEvent<B>): void {
    const wasHigh = this.#unreadBytes >= HIGH_WATER_BYTES;
    this.#unreadBytes -= costOf(event);
    if (wasHigh && this.#unreadBytes < HIGH_WATER_BYTES) this.#link?.resume();
  }

  #onEnd(code: number, cause: Error | undefined): void {
    if (this.#signal.aborted && !this.#leaving) this.#failure ??= reasonOf(this.#signal);
    else if (!this.#leaving && (code !== CLOSED_IN_ORDER || cause))
      this.#failure ??= this.#lost(code, cause);
    this.#closed.resolve(code);
    this.#finish();
  }

  #finish(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #lost(code: number, cause: Error | undefined): AlcoveConnectionError {
    const message = `The terminal's connection was lost (${code})`;
    return new AlcoveConnectionError(message, this.#endpoint, { cause });
  }
}

function noticeIn(text: string): TerminalEvent<never> | undefined {
  let notice: unknown;
  try {
    notice = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(notice)) return undefined;
  const { type, dropped_bytes: droppedBytes, code } = notice;
  if (type === "live") return { type };
  if (type === "gap" && typeof droppedBytes === "number") return { type, droppedBytes };
  if (type === "exit" && typeof code === "number") return { type, code };
  return undefined;
}

function costOf(event: TerminalEvent): number {
  return EVENT_BYTES + (event.type === "output" ? event.bytes.length : 0);
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

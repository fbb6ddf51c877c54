/**
 * A client of QEMU's control protocol (QMP): JSON objects, one a line, over a Unix socket.
 *
 * QEMU serves one client at a time; a second one connects and hears nothing. So nothing here waits
 * without a deadline. What QEMU says is checked before it is believed: it shares a process with
 * code that a guest may have taken over.
 */

import type { FileHandle } from "node:fs/promises";
import { connect, type Socket } from "node:net";

import { unlessAborted, within } from "#lib/patience.ts";
import { printable } from "#lib/text.ts";

import { BoundedLines } from "./bounded-lines.ts";
import { sendWithDescriptor } from "./hand-over.ts";

/** commands that may wait for an answer at once */
export const MAX_PENDING_COMMANDS = 32;

const MAX_ERROR_CHARS = 500;

/** how long one command may take, in `ms` */
export const COMMAND_TIMEOUT_MS = 10_000;

export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** QEMU understood a command and refused it. */
export class QmpRefused extends Error {
  override readonly name = "QmpRefused";
}

export interface QmpOrder {
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
}

interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Qmp implements Disposable {
  /** settles once, with the reason, when the connection is over; never rejects */
  readonly closed: Promise<Error>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #close: (reason: Error) => void;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #greeted = Promise.withResolvers<void>();
  #lastId = 0;
  #over: Error | undefined;

  private constructor(socket: Socket, onEvent: (event: QmpEvent) => void) {
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.closed = promise;
    this.#close = resolve;
    this.#socket = socket;
    this.#onEvent = onEvent;
    this.#greeted.promise.catch(() => {
      // A connection that ends before the greeting is told to `connect` and to `closed`.
    });
    const lines = new BoundedLines((line) => this.#take(line));
    socket.on("data", (chunk: Buffer) => {
      if (!lines.push(chunk)) this.#end(new Error("QEMU sent a control line that is too long"));
    });
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("QEMU closed its control socket")));
  }

  /**
   * Connects, reads the greeting and leaves negotiation mode.
   * Rejects with the reason of `signal` when it aborts: give it a deadline.
   */
  static async connect(
    path: string,
    onEvent: (event: QmpEvent) => void,
    signal: AbortSignal,
  ): Promise<Qmp> {
    signal.throwIfAborted();
    const qmp = new Qmp(connect({ path }), onEvent);
    try {
      await unlessAborted(qmp.#greeted.promise, signal);
      await qmp.execute("qmp_capabilities", {}, signal);
      return qmp;
    } catch (error) {
      qmp[Symbol.dispose]();
      throw error;
    }
  }

  /** @returns what QEMU answered, unchecked; rejects with `QmpRefused`, the end of the connection, or the signal's reason */
  async execute(
    command: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<unknown> {
    return this.#answerTo({ command, args }, signal, async (line) => {
      this.#socket.write(line);
    });
  }

  /** The same, and an open file goes along. */
  async executeWith(file: FileHandle, order: QmpOrder, signal: AbortSignal): Promise<unknown> {
    return this.#answerTo(order, signal, (line) =>
      sendWithDescriptor(line, file, this.#socket, signal),
    );
  }

  async #answerTo(
    { command, args }: QmpOrder,
    signal: AbortSignal,
    send: (line: string) => Promise<void>,
  ): Promise<unknown> {
    signal.throwIfAborted();
    if (this.#over) throw this.#over;
    if (this.#pending.size >= MAX_PENDING_COMMANDS) {
      throw new Error(`More than ${MAX_PENDING_COMMANDS} control commands wait for QEMU`);
    }
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { command, resolve, reject });
    try {
      await send(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
      return await unlessAborted(promise, within(COMMAND_TIMEOUT_MS, signal));
    } finally {
      this.#pending.delete(id);
    }
  }

  [Symbol.dispose](): void {
    this.#end(new Error("The control connection was closed"));
  }

  #end(reason: Error): void {
    if (this.#over) return;
    this.#over = reason;
    this.#socket.destroy();
    this.#greeted.reject(reason);
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#close(reason);
  }

  #take(line: string): void {
    const message = parseObject(line);
    if (!message) {
      this.#end(new Error("QEMU sent a control line that is not a JSON object"));
    } else if ("QMP" in message) {
      this.#greeted.resolve();
    } else if (typeof message["event"] === "string") {
      this.#onEvent({ name: message["event"], data: asObject(message["data"]) ?? {} });
    } else {
      this.#answer(message);
    }
  }

  #answer(message: Readonly<Record<string, unknown>>): void {
    const id = message["id"];
    const pending = typeof id === "number" ? this.#pending.get(id) : undefined;
    if (!pending) return; // an answer to a command that nobody waits for any more
    if ("return" in message) {
      pending.resolve(message["return"]);
      return;
    }
    const why = asObject(message["error"])?.["desc"];
    const text = typeof why === "string" ? printable(why, MAX_ERROR_CHARS) : "without a reason";
    pending.reject(new QmpRefused(`QEMU refused ${pending.command}: ${text}`));
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return undefined; // not JSON at all: the caller ends the connection
  }
}

/** @returns `undefined` for what is no JSON object */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the vCPUs run, from the answer to `query-status`. */
export async function queryRunning(qmp: Qmp, signal: AbortSignal): Promise<boolean> {
  return (await queryStatus(qmp, signal)).running;
}

export interface QemuStatus {
  /** whether the vCPUs run */
  readonly running: boolean;
  /** QEMU's own word, such as "running", "paused" or "io-error" */
  readonly word: string;
  /** whether it stops after every instruction; a QEMU of version 9 or later does not say */
  readonly singlestep: boolean;
}

export async function queryStatus(qmp: Qmp, signal: AbortSignal): Promise<QemuStatus> {
  const answer = asObject(await qmp.execute("query-status", {}, signal));
  const { running, status, singlestep } = answer ?? {};
  if (typeof running !== "boolean") throw new Error("QEMU did not say whether the guest runs");
  const word = typeof status === "string" ? status : "unknown";
  return { running, word, singlestep: singlestep === true };
}

/** The program's version, as "7.2.0". */
export async function queryVersion(qmp: Qmp, signal: AbortSignal): Promise<string> {
  const version = asObject(asObject(await qmp.execute("query-version", {}, signal))?.["qemu"]);
  const numbers = [version?.["major"], version?.["minor"], version?.["micro"]];
  if (numbers.every((it) => typeof it === "number")) return numbers.join(".");
  throw new Error("QEMU did not say its version");
}

/** Whether a migration leaves out memory that is shared, on either side. */
export async function ignoreShared(state: boolean, qmp: Qmp, signal: AbortSignal): Promise<void> {
  const capabilities = [{ capability: "x-ignore-shared", state }];
  await qmp.execute("migrate-set-capabilities", { capabilities }, signal);
}

/** One program in the background of a fake guest, and what it wrote. */

import type {
  BackgroundEnd,
  BackgroundKill,
  BackgroundKilled,
  BackgroundProgram,
  BackgroundStart,
  LogPosition,
  LogRecord,
} from "#core/ports/guest-background.ts";
import type { GuestExec, GuestProgram, TerminalSize } from "#core/ports/guest-link.ts";
import { pause, unlessAborted } from "#lib/patience.ts";

import type { FakeProcess } from "./fake-process.ts";
import { FakeRing } from "./fake-ring.ts";
import { FakeTerminal, shown } from "./fake-terminal.ts";

export interface AskedProgram {
  readonly exec: GuestExec;
  readonly note: string;
}

export class FakeKeptProgram {
  readonly start: BackgroundStart;
  readonly note: string;
  readonly #asked: GuestExec;
  readonly #process: FakeProcess;
  readonly #ring: FakeRing;
  /** settles when there is a new frame */
  #changed = Promise.withResolvers<void>();
  #end: BackgroundEnd | undefined;
  readonly #terminal: FakeTerminal | undefined;

  constructor(process: FakeProcess, start: BackgroundStart, { exec, note }: AskedProgram) {
    this.start = start;
    this.note = note;
    this.#asked = exec;
    this.#process = process;
    this.#terminal = exec.pty && new FakeTerminal();
    this.#ring = new FakeRing(start.ringBytes);
    this.#ring.push({ kind: "started", pid: start.pid });
    this.#run().catch(() => undefined); // the guest went, and the program with it
  }

  get running(): boolean {
    return this.#end === undefined;
  }

  describe(): BackgroundProgram {
    const { user, cwd = "/root", program } = this.#asked;
    const { writtenBytes, droppedBytes, nextId } = this.#ring;
    const { note, start } = this;
    const uid = user === "default" ? 0 : user.uid;
    const figures = { writtenBytes, droppedBytes, nextId };
    return { ...start, ...wordsOf(program), cwd, uid, note, end: this.#end, ...figures };
  }

  async *records({ fromId, follow }: LogPosition, signal: AbortSignal): AsyncGenerator<LogRecord> {
    const until = follow ? Infinity : this.#ring.nextId;
    for (let next = Math.max(fromId, 1); next < until;) {
      const changed = this.#changed.promise;
      const record = this.#ring.from(next);
      if (record) {
        yield record;
        next = record.id + 1;
      } else if (this.running) {
        await unlessAborted(changed, signal);
      } else {
        return;
      }
    }
  }

  /** Without a terminal what is typed is dropped, as by the agent. */
  async type(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (!this.#terminal || !this.running) return;
    const { echo, input, ended } = this.#terminal.type(bytes);
    if (echo.length > 0) this.#show("stdout", echo);
    if (input.length > 0) await this.#process.write(input, signal);
    if (ended) this.#process.endInput();
  }

  resize(size: TerminalSize): void {
    this.#process.resize(size);
  }

  async kill({ signal, graceMs }: BackgroundKill, boot: AbortSignal): Promise<BackgroundKilled> {
    const { running } = this;
    const { pid } = this.start;
    this.#process.kill(signal);
    if (running && signal === "TERM") {
      const late = pause(graceMs, boot).then(() => this.#process.kill("KILL"));
      late.catch(() => undefined); // the guest went first
    }
    return { pid, running };
  }

  async wait(signal: AbortSignal): Promise<BackgroundEnd> {
    while (this.#end === undefined) await unlessAborted(this.#changed.promise, signal);
    return this.#end;
  }

  async #run(): Promise<void> {
    for await (const { stream, bytes } of this.#process.output) {
      this.#show(stream, this.#terminal ? shown(bytes) : Uint8Array.from(bytes));
    }
    const end = await this.#process.ended;
    this.#ring.push({ kind: "exit", ...end });
    this.#end = { ...end, endedAt: new Date() };
    this.#notify();
  }

  #show(kind: "stdout" | "stderr", bytes: Uint8Array): void {
    this.#ring.push({ kind, bytes });
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function wordsOf(program: GuestProgram): { command: string; args: readonly string[] } {
  switch (program.kind) {
    case "argv": {
      const [command = "", ...args] = program.argv;
      return { command, args };
    }
    case "shell":
      return { command: program.command, args: program.args };
    case "auto":
      return { command: program.command, args: [] };
    case "login":
      return { command: "", args: [] };
    default:
      return program satisfies never;
  }
}

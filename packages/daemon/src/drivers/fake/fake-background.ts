/** Programs in the background of a fake guest: they belong to a boot of it, and to no session. */

import { randomBytes } from "node:crypto";

import type {
  BackgroundEnd,
  BackgroundKeep,
  BackgroundKill,
  BackgroundKilled,
  BackgroundLogs,
  BackgroundProgram,
  BackgroundStart,
  GuestBackground,
  LogPosition,
  LogRecord,
} from "#core/ports/guest-background.ts";
import type { GuestExec, GuestProgram } from "#core/ports/guest-link.ts";
import { MIB } from "#lib/bytes.ts";
import { pause, unlessAborted } from "#lib/patience.ts";

import type { FakeGuest } from "./fake-guest.ts";
import { FakeProcess } from "./fake-process.ts";
import { FakeRing } from "./fake-ring.ts";
import { refusal } from "./refusal.ts";

const DEFAULT_RING_BYTES = MIB;
/** of all rings of a guest together */
const MAX_RINGS_BYTES = 256 * MIB;
/** above the pids that a session gives */
const FIRST_PID = 10_000;

/** by the boot they belong to */
const TABLES = new WeakMap<AbortSignal, Table>();

interface Table {
  readonly life: string;
  readonly programs: Map<string, FakeProgram>;
  lastNumber: number;
}

function tableOf(guest: FakeGuest): Table {
  const known = TABLES.get(guest.boot);
  const life = randomBytes(6).toString("hex");
  const table = known ?? { life, programs: new Map<string, FakeProgram>(), lastNumber: 0 };
  TABLES.set(guest.boot, table);
  return table;
}

export function startInBackground(
  guest: FakeGuest,
  request: GuestExec,
  keep: BackgroundKeep,
): BackgroundStart {
  const table = tableOf(guest);
  const ringBytes = keep.ringBytes || DEFAULT_RING_BYTES;
  let heldBytes = ringBytes;
  for (const { start } of table.programs.values()) heldBytes += start.ringBytes;
  if (heldBytes > MAX_RINGS_BYTES) {
    throw refusal("busy", `the rings of this guest may hold ${MAX_RINGS_BYTES} bytes together`);
  }
  const number = table.lastNumber + 1;
  const pid = FIRST_PID + number;
  const exec = { ...request, stdin: false, pty: undefined };
  const process = FakeProcess.start(pid, guest, exec);
  table.lastNumber = number;
  const id = `ex_${table.life}${number.toString(16).padStart(8, "0")}`;
  const start = { id, pid, startedAt: new Date(), ringBytes };
  table.programs.set(id, new FakeProgram(process, start, { exec, note: keep.note }));
  return start;
}

interface Asked {
  readonly exec: GuestExec;
  readonly note: string;
}

class FakeProgram {
  readonly start: BackgroundStart;
  readonly note: string;
  readonly #asked: GuestExec;
  readonly #process: FakeProcess;
  readonly #ring: FakeRing;
  /** settles when there is a new frame */
  #changed = Promise.withResolvers<void>();
  #end: BackgroundEnd | undefined;

  constructor(process: FakeProcess, start: BackgroundStart, { exec, note }: Asked) {
    this.start = start;
    this.note = note;
    this.#asked = exec;
    this.#process = process;
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
      this.#ring.push({ kind: stream, bytes: Uint8Array.from(bytes) });
      this.#notify();
    }
    const end = await this.#process.ended;
    this.#ring.push({ kind: "exit", ...end });
    this.#end = { ...end, endedAt: new Date() };
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

export class FakeBackground implements GuestBackground {
  readonly #guest: FakeGuest;
  readonly #over: AbortSignal;

  /** @param over aborts when the session is over */
  constructor(guest: FakeGuest, over: AbortSignal) {
    this.#guest = guest;
    this.#over = over;
  }

  async list(signal: AbortSignal): Promise<readonly BackgroundProgram[]> {
    await this.#guest.running(this.#either(signal));
    return Array.from(tableOf(this.#guest).programs.values(), (program) => program.describe());
  }

  async find(id: string, signal: AbortSignal): Promise<BackgroundProgram> {
    return (await this.#get(id, signal)).describe();
  }

  async logs(id: string, position: LogPosition, signal: AbortSignal): Promise<BackgroundLogs> {
    const program = await this.#get(id, signal);
    const records = program.records(position, this.#either(signal));
    return { pid: program.start.pid, note: program.note, records };
  }

  async kill(id: string, how: BackgroundKill, signal: AbortSignal): Promise<BackgroundKilled> {
    return (await this.#get(id, signal)).kill(how, this.#guest.boot);
  }

  async wait(id: string, signal: AbortSignal): Promise<BackgroundEnd> {
    return (await this.#get(id, signal)).wait(this.#either(signal));
  }

  async reap(id: string, signal: AbortSignal): Promise<void> {
    const program = await this.#get(id, signal);
    if (program.running) throw refusal("running", `${id}: still runs: kill it first`);
    tableOf(this.#guest).programs.delete(id);
  }

  async #get(id: string, signal: AbortSignal): Promise<FakeProgram> {
    await this.#guest.running(this.#either(signal));
    const { programs, life, lastNumber } = tableOf(this.#guest);
    const program = programs.get(id);
    if (program) return program;
    const isOurs = id.startsWith(`ex_${life}`);
    const number = isOurs ? Number.parseInt(id.slice(life.length + 3), 16) : 0;
    if (number > 0 && number <= lastNumber) throw refusal("gone", `${id}: was reaped`);
    throw refusal("not_found", `${id}: there is no such program in the background`);
  }

  #either(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#over]);
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

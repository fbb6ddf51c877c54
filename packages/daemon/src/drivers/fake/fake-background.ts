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
  BackgroundTerminal,
  GuestBackground,
  LogPosition,
} from "#core/ports/guest-background.ts";
import type { GuestExec } from "#core/ports/guest-link.ts";
import { MIB } from "#lib/bytes.ts";

import type { FakeGuest } from "./fake-guest.ts";
import { FakeKeptProgram } from "./fake-kept-program.ts";
import { FakeProcess } from "./fake-process.ts";
import { refusal } from "./refusal.ts";

const DEFAULT_RING_BYTES = MIB;
/** of all rings of a guest together */
const MAX_RINGS_BYTES = 256 * MIB;
/** above the pids that a session gives */
const FIRST_PID = 10_000;

/** of a shell at a terminal */
const PROMPT = "PS1=$ ";

/** by the boot they belong to */
const TABLES = new WeakMap<AbortSignal, Table>();

interface Table {
  readonly life: string;
  readonly programs: Map<string, FakeKeptProgram>;
  lastNumber: number;
}

function tableOf(guest: FakeGuest): Table {
  const known = TABLES.get(guest.boot);
  const life = randomBytes(6).toString("hex");
  const table = known ?? { life, programs: new Map<string, FakeKeptProgram>(), lastNumber: 0 };
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
  const { pty } = request;
  const env = pty ? [PROMPT, ...request.env] : request.env;
  const exec = { ...request, env, stdin: pty !== undefined };
  const process = FakeProcess.start(pid, guest, exec);
  table.lastNumber = number;
  const id = `ex_${table.life}${number.toString(16).padStart(8, "0")}`;
  const start = { id, pid, startedAt: new Date(), ringBytes };
  table.programs.set(id, new FakeKeptProgram(process, start, { exec, note: keep.note }));
  return start;
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

  async attach(id: string, fromId: number, signal: AbortSignal): Promise<BackgroundTerminal> {
    const program = await this.#get(id, signal);
    const both = this.#either(signal);
    return {
      pid: program.start.pid,
      note: program.note,
      records: program.records({ fromId, follow: true }, both),
      write: (bytes, until) => program.type(bytes, AbortSignal.any([until, both])),
      resize: (size) => program.resize(size),
    };
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

  async #get(id: string, signal: AbortSignal): Promise<FakeKeptProgram> {
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

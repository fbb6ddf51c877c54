/** One running QEMU: its end, its pausing, and how it is put away or let go. */

import { AlcoveError } from "#core/errors.ts";
import type {
  ConfidentialDoor,
  Exit,
  Layering,
  Machine,
  MachineStep,
  Pausing,
  PowerButton,
  Saving,
} from "#core/ports/machine.ts";
import type { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { pause, settlesWithin, within } from "#lib/patience.ts";
import type { Child, ChildEnd } from "#process/child.ts";

import { formatHandle, type QemuHandle } from "./handle.ts";
import { QemuLayering } from "./layering.ts";
import { commandLineOf, gone, killAndWait } from "./processes.ts";
import { type Qmp, type QmpEvent, queryRunning } from "./qmp.ts";
import { lastWords, type RunPaths } from "./run-dir.ts";
import { StallNote } from "./stall-note.ts";
import { savingOf } from "./saving.ts";

/** how long QEMU may take to quit when told to, in `ms` */
const QUIT_GRACE_MS = 500;

/** how long a QEMU that has closed its control socket may go on living, in `ms` */
const CLOSING_GRACE_MS = 5000;

/** how long the last news of a process that is gone may take to be read, in `ms` */
const LAST_EVENT_MS = 1000;

/** Remembers why QEMU said it would shut down, or stands still; made before the connection that feeds it. */
export class ShutdownNote {
  readonly stall = new StallNote();
  #reason: string | undefined;

  /** why QEMU shuts down, in its own word, such as "guest-shutdown" */
  get reason(): string | undefined {
    return this.#reason;
  }

  readonly take = (event: QmpEvent): void => {
    this.stall.take(event);
    if (event.name !== "SHUTDOWN") return;
    const { reason } = event.data;
    this.#reason = typeof reason === "string" ? reason : "unknown";
  };
}

export interface QemuMachineParts {
  readonly process: QemuHandle;
  readonly qmp: Qmp;
  readonly shutdown: ShutdownNote;
  readonly paths: RunPaths;
  readonly consoleLogPath: string;
  readonly pausedAtStart: boolean;
  /** how long its making took; absent when it was adopted */
  readonly madeIn?: readonly MachineStep[];
  /** the process as our own child; absent when it was adopted */
  readonly child: Child | undefined;
  /** of a confidential machine */
  readonly confidential: ConfidentialDoor | undefined;
  /** what keeps saved memory unreadable */
  readonly stateKey: SecretBytes;
  /** run when the process is gone, by disposal only */
  readonly cleanUp: () => Promise<void>;
}

export class QemuMachine implements Machine {
  readonly pid: number;
  readonly handle: string;
  readonly agentEndpoint: string;
  readonly logPaths: readonly string[];
  readonly pausedAtStart: boolean;
  readonly exited: Promise<Exit>;
  readonly madeIn: readonly MachineStep[];
  readonly pausing: Pausing;
  readonly saving?: Saving;
  readonly layering: Layering;
  readonly powerButton?: PowerButton;
  readonly guestAgentEndpoint?: string;
  readonly confidential?: ConfidentialDoor;
  readonly #parts: QemuMachineParts;
  readonly #letGo = new AbortController();
  #disposed: Promise<void> | undefined;

  constructor(parts: QemuMachineParts) {
    this.#parts = parts;
    this.pid = parts.process.pid;
    this.handle = formatHandle(parts.process);
    this.agentEndpoint = parts.paths.agent;
    this.logPaths = [parts.consoleLogPath, parts.paths.log];
    this.pausedAtStart = parts.pausedAtStart;
    this.madeIn = parts.madeIn ?? [];
    const layering = new QemuLayering(parts.qmp, this.pid);
    this.layering = layering;
    this.pausing = pausingOf(parts, () => layering.resumed());
    if (parts.confidential) this.confidential = parts.confidential;
    else this.saving = savingOf(parts); // what was measured once is measured never again
    if (!commandLineOf(this.pid).includes("-kernel")) {
      this.powerButton = powerButtonOf(parts);
      this.guestAgentEndpoint = parts.paths.guestAgent;
    }
    this.exited = exitOf(parts, this.#letGo.signal);
  }

  stalled(): string | undefined {
    return this.#parts.shutdown.stall.reason;
  }

  abandon(): Promise<void> {
    this.#disposed ??= Promise.resolve();
    this.#letGo.abort();
    this.#parts.qmp[Symbol.dispose]();
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  async #end(): Promise<void> {
    const { qmp, process, cleanUp } = this.#parts;
    const ended = gone(process, this.#letGo.signal);
    // A machine that ended by itself refuses, and one that hangs is killed: both are fine.
    qmp.execute("quit", {}, AbortSignal.timeout(QUIT_GRACE_MS)).catch(() => undefined);
    await settlesWithin(ended, QUIT_GRACE_MS);
    await killAndWait(process);
    await this.exited;
    qmp[Symbol.dispose]();
    await cleanUp();
  }
}

function powerButtonOf({ qmp }: QemuMachineParts): PowerButton {
  return { press: async (signal) => void (await qmp.execute("system_powerdown", {}, signal)) };
}

/** how long a write that is tried again may take to fail again */
const RETRY_MS = 300;

function pausingOf(
  { qmp, shutdown: { stall } }: QemuMachineParts,
  resumed: () => Promise<void>,
): Pausing {
  const become = async (running: boolean, signal: AbortSignal): Promise<void> => {
    const wasStalled = stall.reason !== undefined;
    await qmp.execute(running ? "cont" : "stop", {}, signal);
    // The write that failed is tried again while the guest runs: that it failed again is heard a moment later.
    if (running && wasStalled) await pause(RETRY_MS, signal);
    if ((await queryRunning(qmp, signal)) === running) return running ? resumed() : undefined;
    if (running && stall.reason !== undefined) throw stillStalled(stall.reason);
    throw new Error(`QEMU did not ${running ? "resume" : "pause"} the guest`);
  };
  return {
    pause: (signal) => become(false, signal),
    resume: (signal) => become(true, signal),
  };
}

function stillStalled(reason: string): AlcoveError {
  const details = { resource: "disk", needed: 1, available: 0 } as const;
  return new AlcoveError("no_capacity", `The VM cannot go on: ${reason}`, details);
}

/** a reset ends QEMU only where it was told so */
const CLEAN: ReadonlySet<string> = new Set(["guest-shutdown", "guest-reset"]);

const LET_GO: Exit = { kind: "crash", lastWords: "The machine was let go" };

/** @param letGo aborts when the machine is abandoned: nothing is done to the process after that */
async function exitOf(parts: QemuMachineParts, letGo: AbortSignal): Promise<Exit> {
  const { child, qmp, process, shutdown, paths } = parts;
  const reaped = child?.ended.then(describeEnd);
  // An adopted process is not our child: the kernel does not tell us how it ended.
  const unknown = "QEMU ended without saying why (an earlier daemon started it)";
  const closed = qmp.closed.then((reason) =>
    child ? reason.message : `${unknown}: ${reason.message}`,
  );
  await Promise.race([closed, ...(reaped ? [reaped] : [])]);
  // Its control socket and the process go together. One that outlives the other cannot be managed.
  await gone(process, within(CLOSING_GRACE_MS, letGo)).catch(() => undefined);
  if (letGo.aborted) return LET_GO;
  await killAndWait(process).catch(() => undefined); // a process that cannot be killed is as good as gone
  // What QEMU said last may be read after the news of its death.
  await settlesWithin(qmp.closed, LAST_EVENT_MS);
  if (CLEAN.has(shutdown.reason ?? "")) return { kind: "clean" };
  const how = reaped && (await settlesWithin(reaped, LAST_EVENT_MS)) ? await reaped : await closed;
  const why = shutdown.reason === undefined ? "" : ` (${shutdown.reason})`;
  const said = await lastWords(paths);
  return { kind: "crash", lastWords: `${how}${why}${said === "" ? "" : `: ${said}`}` };
}

export function describeEnd(end: ChildEnd): string {
  return end.signal === null
    ? `QEMU ended with exit code ${end.exitCode}`
    : `QEMU was ended by ${end.signal}`;
}

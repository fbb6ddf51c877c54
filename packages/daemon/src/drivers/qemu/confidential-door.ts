/** What a running confidential machine is asked, and let run by: by QEMU where the processor measures, by ourselves elsewhere. */

import { Refusal } from "#core/aleph/refusal.ts";
import type { SimulatedLaunch } from "#core/aleph/confidential/simulated-launch.ts";
import type {
  Measurement,
  RunStatus,
  SealedSecret,
  SevInfo,
} from "#core/aleph/ports/confidential-backend.ts";
import type { ConfidentialDoor } from "#core/ports/machine.ts";

import { fillSecretDisk, keepLaunch, readLaunch } from "./confidential-files.ts";
import { SEV_OBJECT } from "./confidential-options.ts";
import { commandLineOf } from "./processes.ts";
import { asObject, type Qmp, QmpRefused, queryStatus } from "./qmp.ts";

/** what QEMU calls a machine whose processors were never let go on */
const NEVER_RAN = "prelaunch";

/** commands have a deadline of their own */
const never = new AbortController().signal;

export interface DoorParts {
  readonly qmp: Qmp;
  readonly pid: number;
  /** the machine's run directory */
  readonly runDir: string;
}

/** @returns `undefined` for a machine that is not confidential */
export async function confidentialDoor(
  { qmp, pid, runDir }: DoorParts,
  signal: AbortSignal,
): Promise<ConfidentialDoor | undefined> {
  const launch = await readLaunch(runDir);
  if (launch) {
    const { word } = await queryStatus(qmp, signal);
    // The daemon may have ended after the machine went on, and before that was written down.
    if (word !== NEVER_RAN) launch.runs();
    return new SimulatedDoor(launch, runDir, qmp);
  }
  const measures = commandLineOf(pid).some((arg) => arg.startsWith(`${SEV_OBJECT},`));
  return measures ? new SevDoor(qmp) : undefined;
}

export class SevDoor implements ConfidentialDoor {
  readonly #qmp: Qmp;

  constructor(qmp: Qmp) {
    this.#qmp = qmp;
  }

  async measure(signal: AbortSignal): Promise<Measurement> {
    return await asRefusal(async () => {
      const info = sevInfoOf(await this.#qmp.execute("query-sev", {}, signal));
      const answer = await this.#qmp.execute("query-sev-launch-measure", {}, signal);
      const launchMeasure = asObject(answer)?.["data"];
      if (!info || typeof launchMeasure !== "string") throw new Error("QEMU gave no measurement");
      return { info, launchMeasure };
    });
  }

  /** Once begun, it runs to the end. */
  async inject({ packetHeader, secret }: SealedSecret, signal: AbortSignal): Promise<RunStatus> {
    signal.throwIfAborted();
    return await asRefusal(async () => {
      const order = { "packet-header": packetHeader, secret };
      await this.#qmp.execute("sev-inject-launch-secret", order, never);
      return await letRun(this.#qmp, never);
    });
  }
}

export class SimulatedDoor implements ConfidentialDoor {
  readonly #launch: SimulatedLaunch;
  readonly #runDir: string;
  readonly #qmp: Qmp;

  constructor(launch: SimulatedLaunch, runDir: string, qmp: Qmp) {
    this.#launch = launch;
    this.#runDir = runDir;
    this.#qmp = qmp;
  }

  async measure(signal: AbortSignal): Promise<Measurement> {
    await asRefusal(() => queryStatus(this.#qmp, signal)); // a machine that hangs has no measurement either
    return this.#launch.measure();
  }

  /** Once begun, it runs to the end: whoever asked may leave, and the guest must not run without what it waited for. */
  async inject(sealed: SealedSecret, signal: AbortSignal): Promise<RunStatus> {
    signal.throwIfAborted();
    const table = this.#launch.open(sealed);
    await fillSecretDisk(this.#runDir, table);
    try {
      return await asRefusal(() => letRun(this.#qmp, never));
    } finally {
      await this.#settle();
    }
  }

  /** Whether the machine goes on is QEMU's to say: where it does not, the secret is not left with it. */
  async #settle(): Promise<void> {
    const { word } = await queryStatus(this.#qmp, never);
    if (word === NEVER_RAN) return fillSecretDisk(this.#runDir, new Uint8Array());
    this.#launch.runs();
    return keepLaunch(this.#runDir, this.#launch);
  }
}

async function letRun(qmp: Qmp, signal: AbortSignal): Promise<RunStatus> {
  await qmp.execute("cont", {}, signal);
  const { word, running, singlestep } = await queryStatus(qmp, signal);
  return { status: word, singlestep, running };
}

/** What QEMU says against it is for whoever asked; that he left is not. */
async function asRefusal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof QmpRefused)) throw cause;
    throw new Refusal("failed", cause.message, { cause });
  }
}

const STATES: ReadonlySet<unknown> = new Set<SevInfo["state"]>([
  "uninit",
  "launch-update",
  "launch-secret",
  "running",
  "send-update",
  "receive-update",
]);

function sevInfoOf(answer: unknown): SevInfo | undefined {
  const said = asObject(answer) ?? {};
  const { enabled, policy, state, handle } = said;
  const [apiMajor, apiMinor] = [said["api-major"], said["api-minor"]];
  const buildId = said["build-id"];
  if (typeof enabled !== "boolean" || !isState(state)) return undefined;
  if (!isNumber(apiMajor) || !isNumber(apiMinor) || !isNumber(buildId)) return undefined;
  if (!isNumber(policy) || !isNumber(handle)) return undefined;
  return { enabled, apiMajor, apiMinor, buildId, policy, state, handle };
}

function isState(value: unknown): value is SevInfo["state"] {
  return STATES.has(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

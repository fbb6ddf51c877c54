/**
 * The QEMU driver: boots microVMs, finds them again after a restart, and clears away what belongs
 * to nobody.
 *
 * It does not know how a guest is spoken to: it only says where the agent's socket is.
 */

import type {
  GuestReboot,
  Hypervisor,
  IsolationGrade,
  MachineStates,
} from "#core/ports/hypervisor.ts";
import type { BootPlan, Machine, Whereabouts } from "#core/ports/machine.ts";
import type { MachineTemplates } from "#core/ports/machine-templates.ts";
import type { SecretBytes } from "#core/secrets/secret-bytes.ts";

import { type QemuHost, type QemuLaunch, qemuLaunch } from "./argv.ts";
import { confidentialDoor } from "./confidential-door.ts";
import { findQemu } from "./find.ts";
import { differenceOf, type MachineShape, shapeOf } from "./machine-shape.ts";
import { isAlive, userOf } from "./processes.ts";
import { QemuMachine } from "./qemu-machine.ts";
import { type Qmp, queryRunning } from "./qmp.ts";
import { reconnect } from "./reconnect.ts";
import { removeRunDir, type RunPaths, runPaths, sealRunDir } from "./run-dir.ts";
import { findState, openState } from "./saved-state.ts";
import { mustBeFree, type StartMachine, startQemu } from "./start.ts";
import { receiveState, unusable, WAITS_FOR_STATE } from "./restoring.ts";
import { sweepRunRoot } from "./sweep.ts";
import { QemuTemplates } from "./templates.ts";
import { UidPool, type UidRange } from "./uid-pool.ts";

export interface QemuConfig extends QemuHost {
  /** program name or absolute path */
  readonly binary: string;
  /** how long QEMU may take until its vCPUs run, in `ms` */
  readonly bootTimeoutMs: number;
  /** users to run machines as, one each; `undefined` runs all as the daemon's own user */
  readonly users: UidRange | undefined;
}

export class QemuHypervisor implements Hypervisor {
  readonly name = "qemu";
  readonly isolation: IsolationGrade;
  readonly guestReboot: GuestReboot;
  readonly states: MachineStates;
  readonly templates: MachineTemplates;
  readonly #config: QemuConfig;
  readonly #stateKey: SecretBytes;
  readonly #users: UidPool | undefined;

  /** @param stateKey what keeps the memory of saved machines unreadable on the disk */
  constructor(config: QemuConfig, stateKey: SecretBytes) {
    this.#config = config;
    this.#stateKey = stateKey;
    this.#users = config.users && new UidPool(config.users);
    this.guestReboot = config.guestReboot;
    this.isolation = config.accel === "kvm" ? "hardware" : "emulated";
    this.states = {
      find: findState,
      restore: (plan, directory, signal) => this.#restore(plan, directory, signal),
    };
    this.templates = new QemuTemplates(config, (...order) => this.#start(...order));
  }

  async boot(plan: BootPlan, signal: AbortSignal): Promise<Machine> {
    const launch = qemuLaunch(plan, this.#config);
    return this.#start(plan, launch, signal, async ({ take }) => {
      await take();
      return plan.confidential ? "stands still" : "runs";
    });
  }

  async adopt(
    where: Whereabouts,
    handle: string | undefined,
    signal: AbortSignal,
  ): Promise<Machine | undefined> {
    signal.throwIfAborted();
    const paths = await runPaths(where.runDir);
    const found = findQemu(where.vmId, paths.workDir, handle);
    if (!found) {
      await removeRunDir(paths);
      return undefined;
    }
    const process = { ...found, uid: this.#userOf(found.pid) };
    const cleanUp = this.#cleanUp(paths, process.uid);
    try {
      const { consoleLogPath } = where;
      const stateKey = this.#stateKey;
      return await reconnect({ process, paths, consoleLogPath, stateKey, cleanUp }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isAlive(process)) throw new Error("QEMU runs but does not answer", { cause: error });
      await cleanUp();
      return undefined;
    }
  }

  async sweep(
    runRoot: string,
    known: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    return sweepRunRoot(runRoot, known, signal);
  }

  async #restore(plan: BootPlan, directory: string, signal: AbortSignal): Promise<Machine> {
    signal.throwIfAborted();
    const state = await openState(directory);
    if (typeof state === "string") throw unusable(state);
    await using _open = state;
    const launch = qemuLaunch(plan, this.#config);
    mustFit(state.manifest.shape, launch);
    const waiting = { ...launch, args: [...launch.args, ...WAITS_FOR_STATE] };
    return await this.#start(plan, waiting, signal, async (started) => {
      await receiveState(state, { ...started, stateKey: this.#stateKey }, signal);
      return "stands still";
    });
  }

  /**
   * Starts a QEMU, and whatever fails leaves nothing behind.
   * @param prepare brings its machine to where it is handed out
   */
  async #start(
    plan: BootPlan,
    launch: QemuLaunch,
    signal: AbortSignal,
    prepare: Parameters<StartMachine>[3],
  ): Promise<Machine> {
    signal.throwIfAborted();
    const paths = await runPaths(plan.runDir);
    await mustBeFree(plan.vmId, paths);

    // Whatever is on the stack is undone, last first, if a later line throws.
    await using undo = new AsyncDisposableStack();
    const uid = this.#users?.take();
    const cleanUp = this.#cleanUp(paths, uid);
    undo.defer(cleanUp);
    const started = await startQemu({ launch, paths, undo }, { ...this.#config, uid }, signal);
    const become = await prepare({ ...started, paths, take: () => sealRunDir(paths, uid) });
    const { process, qmp, shutdown, child } = started;
    const pausedAtStart = become === "stands still";
    if (!pausedAtStart) await mustRun(qmp, signal);
    else started.watch.ends("load");

    const runDir = paths.dir;
    const confidential = await confidentialDoor({ qmp, pid: process.pid, runDir }, signal);

    // It is up: from here on the machine's own disposal does what the stack would have done.
    undo.move();
    child.leaveRunning();
    const { consoleLogPath } = plan;
    return new QemuMachine({
      process,
      qmp,
      shutdown,
      child,
      paths,
      consoleLogPath,
      stateKey: this.#stateKey,
      cleanUp,
      pausedAtStart,
      confidential,
      madeIn: started.watch.steps,
    });
  }

  #cleanUp(paths: RunPaths, uid: number | undefined): () => Promise<void> {
    return async () => {
      await removeRunDir(paths);
      if (uid !== undefined) this.#users?.release(uid);
    };
  }

  #userOf(pid: number): number | undefined {
    const uid = userOf(pid);
    if (!this.#users || uid === undefined) return undefined;
    this.#users.keep(uid);
    return uid;
  }
}

/** Before anything is started: most of what does not fit is known without asking QEMU. */
function mustFit(saved: MachineShape, launch: QemuLaunch): void {
  const difference = differenceOf(saved, shapeOf(launch.args));
  if (difference !== undefined) throw unusable(difference);
}

async function mustRun(qmp: Qmp, signal: AbortSignal): Promise<void> {
  if (await queryRunning(qmp, signal)) return;
  throw new Error("QEMU started but does not run the guest");
}

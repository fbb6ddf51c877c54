/**
 * The QEMU driver: boots microVMs, finds them again after a restart, and clears away what belongs
 * to nobody.
 *
 * It does not know how a guest is spoken to: it only says where the agent's socket is.
 */

import { AlcoveError } from "#core/errors.ts";
import type {
  BootPlan,
  Hypervisor,
  IsolationGrade,
  Machine,
  Whereabouts,
} from "#core/ports/hypervisor.ts";
import { retry, within } from "#lib/patience.ts";
import type { Child } from "#process/child.ts";

import { type QemuHost, qemuLaunch } from "./argv.ts";
import { findQemu } from "./find.ts";
import { type QemuHandle } from "./handle.ts";
import { launchQemu } from "./launch.ts";
import { gone, isAlive, startTicksOf, userOf } from "./processes.ts";
import { describeEnd, QemuMachine, type QemuMachineParts, ShutdownNote } from "./qemu-machine.ts";
import { Qmp, queryRunning } from "./qmp.ts";
import {
  lastWords,
  makeRunDir,
  removeRunDir,
  type RunPaths,
  runPaths,
  sealRunDir,
} from "./run-dir.ts";
import { sweepRunRoot } from "./sweep.ts";
import { UidPool, type UidRange } from "./uid-pool.ts";

export interface QemuConfig extends QemuHost {
  /** program name or absolute path */
  readonly binary: string;
  /** how long QEMU may take until its vCPUs run, in `ms` */
  readonly bootTimeoutMs: number;
  /** users to run machines as, one each; `undefined` runs all as the daemon's own user */
  readonly users: UidRange | undefined;
}

/** how long a running QEMU may take to answer a daemon that comes back, in `ms` */
const ADOPT_TIMEOUT_MS = 10_000;

/** how often a socket that is not there yet is tried, in `ms` */
const CONNECT_EVERY_MS = 5;

export class QemuHypervisor implements Hypervisor {
  readonly name = "qemu";
  readonly isolation: IsolationGrade;
  readonly #config: QemuConfig;
  readonly #users: UidPool | undefined;

  constructor(config: QemuConfig) {
    this.#config = config;
    this.#users = config.users && new UidPool(config.users);
    this.isolation = config.accel === "kvm" ? "hardware" : "emulated";
  }

  async boot(plan: BootPlan, signal: AbortSignal): Promise<Machine> {
    signal.throwIfAborted();
    const { binary, accel } = this.#config;
    const launch = qemuLaunch(plan, this.#config);
    const paths = await runPaths(plan.runDir);
    await mustBeFree(plan.vmId, paths);

    // Whatever is on the stack is undone, last first, if a later line throws.
    await using undo = new AsyncDisposableStack();
    const uid = this.#users?.take();
    const cleanUp = this.#cleanUp(paths, uid);
    undo.defer(cleanUp);
    await makeRunDir(paths, uid);
    const child = undo.use(await launchQemu(binary, launch, paths, { uid, accel }));
    const process = await identify(child, paths, uid);
    const shutdown = new ShutdownNote();
    const qmp = undo.use(await this.#reach(child, paths, shutdown, signal));
    await sealRunDir(paths, uid);
    await mustRun(qmp, signal);

    // It booted: from here on the machine's own disposal does what the stack would have done.
    undo.move();
    child.leaveRunning();
    const { consoleLogPath } = plan;
    const kept = { process, qmp, shutdown, paths, consoleLogPath, child, cleanUp };
    return new QemuMachine({ ...kept, pausedAtStart: false });
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
      return await reconnect({ process, paths, consoleLogPath, cleanUp }, signal);
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

  /** Three ways not to come up: the caller leaves, time runs out, QEMU dies first. */
  async #reach(
    child: Child,
    paths: RunPaths,
    shutdown: ShutdownNote,
    signal: AbortSignal,
  ): Promise<Qmp> {
    const { bootTimeoutMs } = this.#config;
    const late = AbortSignal.timeout(bootTimeoutMs);
    const givenUp = AbortSignal.any([signal, died(child, paths), late]);
    try {
      return await retry(
        () => Qmp.connect(paths.qmp, shutdown.take, givenUp),
        givenUp,
        CONNECT_EVERY_MS,
      );
    } catch (error) {
      if (error !== late.reason) throw error;
      throw new AlcoveError("timed_out", `QEMU did not start within ${bootTimeoutMs} ms`, {
        afterMs: bootTimeoutMs,
      });
    }
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

async function mustBeFree(vmId: string, paths: RunPaths): Promise<void> {
  const found = findQemu(vmId, paths.workDir, undefined);
  if (found) throw new Error(`A machine already runs for this VM, as process ${found.pid}`);
}

async function identify(
  child: Child,
  paths: RunPaths,
  uid: number | undefined,
): Promise<QemuHandle> {
  const startTicks = startTicksOf(child.pid);
  if (startTicks !== undefined) return { pid: child.pid, startTicks, uid };
  throw new Error(await earlyDeath(child, paths));
}

/** Aborts when the child ends, with its last words as the reason. */
function died(child: Child, paths: RunPaths): AbortSignal {
  const controller = new AbortController();
  void earlyDeath(child, paths).then((words) => controller.abort(new Error(words)));
  return controller.signal;
}

async function earlyDeath(child: Child, paths: RunPaths): Promise<string> {
  const how = describeEnd(await child.ended);
  const said = await lastWords(paths);
  return said === "" ? how : `${how}: ${said}`;
}

async function mustRun(qmp: Qmp, signal: AbortSignal): Promise<void> {
  if (await queryRunning(qmp, signal)) return;
  throw new Error("QEMU started but does not run the guest");
}

async function reconnect(
  parts: Pick<QemuMachineParts, "process" | "paths" | "consoleLogPath" | "cleanUp">,
  signal: AbortSignal,
): Promise<Machine> {
  const { process, paths } = parts;
  await using undo = new AsyncDisposableStack();
  const settled = new AbortController();
  undo.defer(() => settled.abort());
  const dead = new AbortController();
  gone(process, settled.signal).then(
    () => dead.abort(new Error("QEMU ended while it was being adopted")),
    () => undefined, // adopted, or given up: its death is watched elsewhere or no longer matters
  );
  const deadline = AbortSignal.any([within(ADOPT_TIMEOUT_MS, signal), dead.signal]);
  const shutdown = new ShutdownNote();
  const qmp = undo.use(
    await retry(() => Qmp.connect(paths.qmp, shutdown.take, deadline), deadline, CONNECT_EVERY_MS),
  );
  await sealRunDir(paths, process.uid);
  const running = await queryRunning(qmp, deadline);
  undo.move();
  settled.abort();
  return new QemuMachine({ ...parts, qmp, shutdown, child: undefined, pausedAtStart: !running });
}

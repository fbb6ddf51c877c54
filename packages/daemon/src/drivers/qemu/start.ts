/** Starts a QEMU and waits until it can be commanded: all of it, or nothing left behind. */

import { AlcoveError } from "#core/errors.ts";
import type { BootPlan, Machine } from "#core/ports/machine.ts";
import { retry } from "#lib/patience.ts";
import type { Child } from "#process/child.ts";

import type { QemuLaunch } from "./argv.ts";
import { confidentialFiles, writeRunFiles } from "./confidential-files.ts";
import { findQemu } from "./find.ts";
import type { QemuHandle } from "./handle.ts";
import { launchQemu, type Privileges } from "./launch.ts";
import { startTicksOf } from "./processes.ts";
import { describeEnd, ShutdownNote } from "./qemu-machine.ts";
import { Qmp } from "./qmp.ts";
import { appears } from "./appearance.ts";
import { StepWatch } from "./step-watch.ts";
import { lastWords, makeRunDir, type RunPaths } from "./run-dir.ts";

/** how often a socket is tried that does not listen yet, in `ms` */
export const CONNECT_EVERY_MS = 2;

export interface QemuProgram extends Privileges {
  /** program name or absolute path */
  readonly binary: string;
  /** how long it may take until it can be commanded, in `ms` */
  readonly bootTimeoutMs: number;
}

/** A QEMU that takes commands. Disposing it kills it; whoever keeps it moves the stack that holds it. */
export interface StartedQemu {
  readonly child: Child;
  readonly process: QemuHandle;
  readonly qmp: Qmp;
  readonly shutdown: ShutdownNote;
  /** aborts when the process ends, with its last words as the reason */
  readonly died: AbortSignal;
  readonly watch: StepWatch;
}

/** A QEMU that is being brought to where its machine is handed out. */
export interface ReadyQemu extends StartedQemu {
  readonly paths: RunPaths;
  /** makes the working directory the daemon's again */
  readonly take: () => Promise<void>;
}

/** Starts a QEMU, brings its machine to where it is handed out, and leaves nothing behind if that fails. */
export type StartMachine = (
  plan: BootPlan,
  launch: QemuLaunch,
  signal: AbortSignal,
  prepare: (qemu: ReadyQemu) => Promise<"runs" | "stands still">,
) => Promise<Machine>;

/** @param undo takes what must be ended if a later step fails */
export async function startQemu(
  { launch, paths, undo }: Starting,
  program: QemuProgram,
  signal: AbortSignal,
): Promise<StartedQemu> {
  const watch = new StepWatch();
  await makeRunDir(paths, program.uid);
  await writeRunFiles(paths.dir, await confidentialFiles(launch.confidential));
  const child = undo.use(await launchQemu(program.binary, launch, paths, program));
  watch.ends("spawn");
  const died = deathOf(child, paths);
  const process = await identify(child, paths, program.uid);
  const shutdown = new ShutdownNote();
  const givenUp = AbortSignal.any([signal, died]);
  const qmp = undo.use(await reach(paths, shutdown, program.bootTimeoutMs, givenUp));
  watch.ends("control");
  return { child, process, qmp, shutdown, died, watch };
}

export interface Starting {
  readonly launch: QemuLaunch;
  readonly paths: RunPaths;
  readonly undo: AsyncDisposableStack;
}

/** Rejects when a machine of this VM runs already. */
export async function mustBeFree(vmId: string, paths: RunPaths): Promise<void> {
  const found = findQemu(vmId, paths.workDir, undefined);
  if (found) throw new Error(`A machine already runs for this VM, as process ${found.pid}`);
}

async function reach(
  paths: RunPaths,
  shutdown: ShutdownNote,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Qmp> {
  const late = AbortSignal.timeout(timeoutMs);
  const givenUp = AbortSignal.any([signal, late]);
  try {
    await appears(paths.qmp, givenUp);
    const attempt = () => Qmp.connect(paths.qmp, shutdown.take, givenUp);
    return await retry(attempt, givenUp, CONNECT_EVERY_MS);
  } catch (error) {
    if (error !== late.reason) throw error;
    const message = `QEMU did not start within ${timeoutMs} ms`;
    throw new AlcoveError("timed_out", message, { afterMs: timeoutMs });
  }
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

function deathOf(child: Child, paths: RunPaths): AbortSignal {
  const controller = new AbortController();
  void earlyDeath(child, paths).then((words) => controller.abort(new Error(words)));
  return controller.signal;
}

async function earlyDeath(child: Child, paths: RunPaths): Promise<string> {
  const how = describeEnd(await child.ended);
  const said = await lastWords(paths);
  return said === "" ? how : `${how}: ${said}`;
}

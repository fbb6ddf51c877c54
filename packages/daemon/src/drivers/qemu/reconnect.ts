/** Takes over a QEMU that an earlier daemon started. */

import type { Machine } from "#core/ports/machine.ts";
import { retry, within } from "#lib/patience.ts";

import { confidentialDoor } from "./confidential-door.ts";
import { gone } from "./processes.ts";
import { QemuMachine, type QemuMachineParts, ShutdownNote } from "./qemu-machine.ts";
import { Qmp, queryStatus } from "./qmp.ts";
import { sealRunDir } from "./run-dir.ts";
import { CONNECT_EVERY_MS } from "./start.ts";

/** how long a running QEMU may take to answer a daemon that comes back, in `ms` */
const ADOPT_TIMEOUT_MS = 10_000;

/** Rejects when it ends, or does not answer in time. */
export async function reconnect(
  parts: Pick<QemuMachineParts, "process" | "paths" | "consoleLogPath" | "stateKey" | "cleanUp">,
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
  const { running, word } = await queryStatus(qmp, deadline);
  shutdown.stall.takeStatus(word);
  // One that is stalled was not paused by anybody: it goes on by itself when there is room.
  const pausedAtStart = !running && shutdown.stall.reason === undefined;
  const where = { qmp, pid: process.pid, runDir: paths.dir };
  const confidential = await confidentialDoor(where, deadline);
  undo.move();
  settled.abort();
  const machine = { ...parts, qmp, shutdown, child: undefined, pausedAtStart, confidential };
  return new QemuMachine(machine);
}

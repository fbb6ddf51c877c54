/**
 * The same machine without Alcove around it: QEMU with the command line that the driver would give
 * it (kernel, initramfs, image, devices, sandbox), started as it is. No API, no store, no other
 * user, no QMP, no supervisor: what is left is what the guest itself costs.
 *
 * Two things can be added to it, because a daemon's machine has no way to them: a port of the host
 * that leads to the guest's sshd, and a second serial port that no agent holds.
 */

import { type FileHandle, mkdir, open } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";

import { newVmId } from "../../packages/daemon/src/core/ids.ts";
import { userNetworkPlan } from "../../packages/daemon/src/core/network/user-network.ts";
import { systemClock } from "../../packages/daemon/src/core/ports/clock.ts";
import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import type { ResolvedImage } from "../../packages/daemon/src/core/ports/image-store.ts";
import {
  type QemuHost,
  type QemuLaunch,
  qemuLaunch,
  SOCKETS,
} from "../../packages/daemon/src/drivers/qemu/argv.ts";
import { AgentDialer } from "../../packages/daemon/src/guest/agent-dialer.ts";
import { openDisks } from "../../packages/daemon/src/images/vm-disks.ts";
import { Child } from "../../packages/daemon/src/process/child.ts";

/** place in the address plan; every user-mode network is one of its own, so any will do */
export const BARE_SLOT = 4_095;
/** name of the serial port that no agent holds */
export const RAW_PORT = "bench.raw";

const ANSWER_MS = 120_000;

export interface BareOrder {
  readonly qemuHost: QemuHost;
  readonly image: ResolvedImage;
  readonly memoryMiB: number;
  /** directory that may be written to */
  readonly scratch: string;
  /** port of 127.0.0.1 that leads to the guest's port 22, and the raw serial port; default: neither */
  readonly sshPort?: number;
}

interface Parts {
  readonly args: readonly string[];
  readonly runDir: string;
  /** handed to QEMU as descriptors, in this order */
  readonly files: readonly FileHandle[];
  /** all of the above, and later the process */
  readonly opened: AsyncDisposableStack;
}

export class BareGuest implements AsyncDisposable {
  readonly agentSocket: string;
  readonly rawSocket: string;
  readonly #parts: Parts;

  /** Makes the disk and opens the files: a daemon's create does that too, but it is not the guest's cost. */
  static async prepare(order: BareOrder): Promise<BareGuest> {
    await using opened = new AsyncDisposableStack();
    const { disks } = await openDisks(path.join(order.scratch, "bare"));
    const vmId = newVmId();
    const { kernel, rootfs } = order.image;
    const ground = { image: rootfs, layer: undefined };
    await disks.create(vmId, ground, rootfs.virtualSizeBytes);
    opened.defer(() => disks.remove(vmId));
    const runDir = path.join(path.dirname(disks.consoleLogPath(vmId)), "run");
    await mkdir(runDir);
    const plan = {
      vmId,
      vcpus: 1,
      memoryMiB: order.memoryMiB,
      kernel,
      disks: [disks.rootDisk(vmId, ground)],
      network: userNetworkPlan(BARE_SLOT, "bench"),
      runDir,
      consoleLogPath: disks.consoleLogPath(vmId),
    };
    const launch = qemuLaunch(plan, order.qemuHost);
    const files: FileHandle[] = [];
    for (const file of launch.files) files.push(opened.use(await openFile(file)));
    const args = order.sshPort === undefined ? launch.args : extended(launch.args, order.sshPort);
    return new BareGuest({ args, runDir, files, opened: opened.move() });
  }

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.agentSocket = path.join(parts.runDir, SOCKETS.agent);
    this.rawSocket = path.join(parts.runDir, "raw.sock");
  }

  /** Spawns QEMU and waits until the agent has answered a HELLO. The link is the caller's to close. */
  async boot(signal: AbortSignal): Promise<GuestLink> {
    const { args, runDir, files, opened } = this.#parts;
    if (opened.disposed) throw new Error("invariant: a guest that was given up is not booted");
    const child = await Child.spawn({
      file: "qemu-system-x86_64",
      args,
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      cwd: runDir,
      graceMs: 0,
      session: "own",
      extraFds: files.map(({ fd }) => fd),
    });
    opened.use(child);
    const died = new AbortController();
    void child.ended.then((end) => died.abort(new Error(`QEMU ended: ${end.stderrTail}`)));
    const dialer = new AgentDialer({ clock: systemClock });
    const late = AbortSignal.timeout(ANSWER_MS);
    return dialer.dial(this.agentSocket, AbortSignal.any([signal, died.signal, late]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.opened.disposeAsync();
  }
}

/** @returns a TCP port that nobody listened on a moment ago */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  await server[Symbol.asyncDispose]();
  if (typeof address === "object" && address) return address.port;
  throw new Error("invariant: a TCP server has a port");
}

const FLAGS = { read: "r", "read-write": "r+", append: "a" } as const;

function openFile({ path: file, access }: QemuLaunch["files"][number]): Promise<FileHandle> {
  return open(file, FLAGS[access], 0o600);
}

function extended(args: readonly string[], sshPort: number): readonly string[] {
  const at = args.findIndex((arg) => arg.startsWith("user,id=net0"));
  if (at < 0) throw new Error("invariant: the machine has a user-mode network");
  const netdev = `${args[at]},hostfwd=tcp:127.0.0.1:${sshPort}-:22`;
  const port = `virtserialport,bus=serial0.0,chardev=raw,name=${RAW_PORT}`;
  const raw = ["-chardev", "socket,id=raw,path=raw.sock,server=on,wait=off", "-device", port];
  return [...args.with(at, netdev), ...raw];
}

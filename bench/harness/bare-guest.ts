/**
 * The same machine without Alcove around it: QEMU with the command line that the driver would give
 * it (kernel, initramfs, image, devices, sandbox), started as it is. No API, no store, no other
 * user, no supervisor: what is left is what the guest itself costs.
 *
 * Three things can be added to it, because a daemon's machine has no way to them: a port of the host
 * that leads to the guest's sshd, and two more serial ports, one for QEMU's guest agent and one that
 * no agent holds.
 */

import { type FileHandle, mkdir, open, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { newVmId } from "../../packages/daemon/src/core/ids.ts";
import {
  macAddress,
  userNetworkPlan,
} from "../../packages/daemon/src/core/network/user-network.ts";
import { systemClock } from "../../packages/daemon/src/core/ports/clock.ts";
import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import type { DiskLayer } from "../../packages/daemon/src/core/ports/machine.ts";
import type { ResolvedImage } from "../../packages/daemon/src/core/ports/image-store.ts";
import {
  type MemoryPlan,
  type QemuHost,
  type QemuLaunch,
  qemuLaunch,
  SOCKETS,
} from "../../packages/daemon/src/drivers/qemu/argv.ts";
import { Qmp } from "../../packages/daemon/src/drivers/qemu/qmp.ts";
import { AgentDialer } from "../../packages/daemon/src/guest/agent-dialer.ts";
import { emptyOverlay } from "../../packages/daemon/src/images/qcow2.ts";
import { retry } from "../../packages/daemon/src/lib/patience.ts";
import { Child } from "../../packages/daemon/src/process/child.ts";
import { extended } from "./bare-extras.ts";

/** place in the address plan; every user-mode network is one of its own, so any will do */
export const BARE_SLOT = 4_095;
const ANSWER_MS = 120_000;
/** how often a socket of QEMU's is tried until it is there, in `ms` */
const RETRY_EVERY_MS = 2;

export interface BareOrder {
  readonly qemuHost: QemuHost;
  readonly image: ResolvedImage;
  readonly memoryMiB: number;
  /** directory that may be written to */
  readonly scratch: string;
  /** what lies under the guest's own disk; default: the image's */
  readonly ground?: DiskLayer;
  /** default: the process's own */
  readonly memory?: MemoryPlan;
  /** port of 127.0.0.1 that leads to the guest's port 22, and both serial ports; default: none of them */
  readonly sshPort?: number;
}

interface Parts {
  readonly args: readonly string[];
  readonly directory: string;
  /** handed to QEMU as descriptors, in this order */
  readonly files: readonly FileHandle[];
  /** all of the above */
  readonly opened: AsyncDisposableStack;
}

export class BareGuest implements AsyncDisposable {
  /** QEMU's working directory, with its sockets */
  readonly runDir: string;
  /** the guest's own disk, an overlay */
  readonly diskPath: string;
  readonly agentSocket: string;
  readonly rawSocket: string;
  readonly qgaSocket: string;
  readonly #parts: Parts;
  #qemu: { readonly child: Child; readonly died: AbortSignal } | undefined;

  /** Makes the disk and opens the files: a daemon's create does that too, but it is not the guest's cost. */
  static async prepare(order: BareOrder): Promise<BareGuest> {
    await using opened = new AsyncDisposableStack();
    const vmId = newVmId();
    const directory = path.join(order.scratch, vmId);
    const runDir = path.join(directory, "run");
    await mkdir(runDir, { recursive: true });
    opened.defer(() => rm(directory, { recursive: true, force: true }));
    const { kernel, rootfs } = order.image;
    const backing = order.ground ?? { ...rootfs, backing: undefined };
    const disk = path.join(directory, DISK);
    await writeFile(
      disk,
      emptyOverlay({
        virtualSizeBytes: rootfs.virtualSizeBytes,
        backingPath: backing.path,
        backingFormat: backing.format,
      }),
    );
    const plan = {
      vmId,
      vcpus: 1,
      memoryMiB: order.memoryMiB,
      kernel,
      disks: [{ id: "root", path: disk, format: "qcow2" as const, readOnly: false, backing }],
      network: userNetworkPlan(BARE_SLOT, macAddress("bench")),
      runDir,
      consoleLogPath: path.join(directory, "console.log"),
    };
    const launch = qemuLaunch(plan, order.qemuHost, order.memory ?? { kind: "own" });
    const files: FileHandle[] = [];
    for (const file of launch.files) files.push(opened.use(await openFile(file)));
    const args = order.sshPort === undefined ? launch.args : extended(launch.args, order.sshPort);
    return new BareGuest({ args, directory, files, opened: opened.move() });
  }

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.runDir = path.join(parts.directory, "run");
    this.diskPath = path.join(parts.directory, DISK);
    this.agentSocket = path.join(this.runDir, SOCKETS.agent);
    this.rawSocket = path.join(this.runDir, "raw.sock");
    this.qgaSocket = path.join(this.runDir, "qga.sock");
  }

  /** QEMU's process */
  get pid(): number {
    return this.#running.child.pid;
  }

  /** Spawns QEMU and waits until the agent has answered a HELLO. The link is the caller's to close. */
  async boot(signal: AbortSignal): Promise<GuestLink> {
    await this.spawn([]);
    return await this.greet(signal);
  }

  /** Starts the process; its sockets come a little later. @param more arguments besides its own */
  async spawn(more: readonly string[]): Promise<void> {
    const { args, files, opened } = this.#parts;
    if (opened.disposed) throw new Error("invariant: a guest that was given up is not booted");
    const child = await Child.spawn({
      file: "qemu-system-x86_64",
      args: [...args, ...more],
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      cwd: this.runDir,
      graceMs: 0,
      session: "own",
      extraFds: files.map(({ fd }) => fd),
    });
    const died = new AbortController();
    void child.ended.then((end) => died.abort(new Error(`QEMU ended: ${end.stderrTail}`)));
    this.#qemu = { child, died: died.signal };
  }

  /** Waits for an answer of the agent. The link is the caller's to close. */
  greet(signal: AbortSignal): Promise<GuestLink> {
    return new AgentDialer({ clock: systemClock }).dial(this.agentSocket, this.#patience(signal));
  }

  /** Connects to QEMU's control socket, of which there is one at a time; closed by the caller. */
  control(signal: AbortSignal): Promise<Qmp> {
    const till = this.#patience(signal);
    const socket = path.join(this.runDir, SOCKETS.qmp);
    return retry(() => Qmp.connect(socket, () => undefined, till), till, RETRY_EVERY_MS);
  }

  /** Ends the process; the disk stays, and `spawn` starts another one. */
  async end(): Promise<void> {
    await this.#qemu?.child[Symbol.asyncDispose]();
    this.#qemu = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.#parts.opened.disposeAsync();
  }

  get #running() {
    if (!this.#qemu) throw new Error("invariant: the guest's QEMU was spawned");
    return this.#qemu;
  }

  #patience(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#running.died, AbortSignal.timeout(ANSWER_MS)]);
  }
}

const DISK = "disk.qcow2";

const FLAGS = { read: "r", "read-write": "r+", append: "a" } as const;

function openFile({ path: file, access }: QemuLaunch["files"][number]): Promise<FileHandle> {
  return open(file, FLAGS[access], 0o600);
}

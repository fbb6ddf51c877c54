/**
 * libvirt with a daemon of the bench's own, which sees empty directories in the place of the host's:
 * what it writes is gone when it ends, and a libvirt of the host is not touched.
 *
 * `virsh` is a process for each command, as a script or an operator runs it.
 */

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { retry, within } from "../../packages/daemon/src/lib/patience.ts";
import { Child } from "../../packages/daemon/src/process/child.ts";
import { runCommand } from "../../scripts/command.ts";
import { LIBVIRT_DIRECTORIES } from "../setup/baselines.ts";

/** asking QEMU for everything it can do takes some seconds */
const READY_MS = 60_000;
const GRACE_MS = 5_000;

/** Domains run as root: they open images that only root can read. Nothing is confined or put in groups. */
const QEMU_CONF = `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
stdio_handler = "file"
security_driver = "none"
namespaces = []
cgroup_controllers = []
`;

/** The user that Debian's driver wants to know, whether or not it is used, is known in here only. */
const SCRIPT = `set -e
for directory in ${LIBVIRT_DIRECTORIES.join(" ")}; do mount -t tmpfs none "$directory"; done
mkdir /var/lib/libvirt/qemu
cp qemu.conf /etc/libvirt/qemu.conf
for file in passwd group; do cp "/etc/$file" "$file"; done
grep -q ^libvirt-qemu: passwd || echo libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin >> passwd
grep -q ^libvirt-qemu: group || echo libvirt-qemu:x:64055: >> group
for file in passwd group; do mount --bind "$file" "/etc/$file"; done
exec libvirtd -f libvirtd.conf -p libvirtd.pid
`;

export class Libvirt implements AsyncDisposable {
  readonly #directory: string;
  readonly #daemon: Child;

  /** @param directory empty, and short: sockets are made there */
  static async open(directory: string, signal: AbortSignal): Promise<Libvirt> {
    await using undo = new AsyncDisposableStack();
    const conf = `unix_sock_dir = "${directory}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n`;
    await writeFile(path.join(directory, "libvirtd.conf"), conf);
    await writeFile(path.join(directory, "qemu.conf"), QEMU_CONF);
    const daemon = await Child.spawn({
      file: "unshare",
      args: ["--mount", "--propagation", "private", "--", "sh", "-c", SCRIPT],
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      cwd: directory,
      graceMs: GRACE_MS,
      session: "own",
    });
    undo.use(daemon);
    const died = new AbortController();
    void daemon.ended.then((end) => died.abort(new Error(`libvirtd ended: ${end.stderrTail}`)));
    const libvirt = new Libvirt(directory, daemon);
    const patience = within(READY_MS, AbortSignal.any([signal, died.signal]));
    await retry(async () => {
      if (!existsSync(libvirt.#socket)) throw new Error("libvirtd has no socket yet");
      await libvirt.virsh(["capabilities"], patience);
    }, patience);
    undo.move();
    return libvirt;
  }

  private constructor(directory: string, daemon: Child) {
    this.#directory = directory;
    this.#daemon = daemon;
  }

  /** Runs `virsh`. @returns what it printed; rejects with its words unless it exits with 0 */
  async virsh(args: readonly string[], signal: AbortSignal): Promise<string> {
    const uri = `qemu+unix:///system?socket=${this.#socket}`;
    const env = { PATH: process.env["PATH"], HOME: this.#directory, LC_ALL: "C" };
    const command = { file: "virsh", args: ["-q", "-c", uri, ...args], cwd: this.#directory, env };
    const end = await runCommand(command, signal);
    signal.throwIfAborted();
    if (end.code === 0) return end.stdout;
    throw new Error(`virsh ${args.join(" ")} ended with ${end.code}: ${end.output}`);
  }

  /** Domains would outlive their daemon, so they are ended first. */
  async [Symbol.asyncDispose](): Promise<void> {
    const never = new AbortController().signal;
    const names = await this.virsh(["list", "--name"], never).catch(() => "");
    for (const name of names.split("\n").filter((it) => it.trim() !== "")) {
      await this.virsh(["destroy", name], never).catch(() => undefined); // it has just ended
    }
    await this.#daemon[Symbol.asyncDispose]();
  }

  get #socket(): string {
    return path.join(this.#directory, "libvirt-sock");
  }
}

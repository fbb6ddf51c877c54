/**
 * Starts QEMU with no more than it needs: its own user, no capability, no way to gain one, and the
 * files of its machine as open descriptors.
 *
 * The process has a session of its own and no pipe to the daemon, so it outlives the daemon. The
 * programs before QEMU each do one thing and become the next: into the VM's network namespace, open its
 * tap, drop every privilege.
 */

import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

import { Child } from "#process/child.ts";
import { TOOL_ENV } from "#process/run.ts";

import type { QemuLaunch } from "./argv.ts";
import type { FileToOpen } from "./launch-files.ts";
import { withTap } from "./open-tap.ts";

export interface Privileges {
  /** user and group to run as, or `undefined` for the daemon's own */
  readonly uid: number | undefined;
  readonly accel: "kvm" | "tcg";
}

export interface Place {
  readonly workDir: string;
  /** file that takes QEMU's own output */
  readonly log: string;
}

const KVM_DEVICE = "/dev/kvm";

/** a user without privileges may pin next to nothing otherwise */
const MAY_PIN = ["prlimit", "--memlock=unlimited"];

const FLAGS: Readonly<Record<FileToOpen["access"], number>> = {
  read: constants.O_RDONLY,
  "read-write": constants.O_RDWR,
  append: constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT,
};

/** Rejects if a file cannot be opened or the program is missing; whether QEMU likes its arguments shows later. */
export async function launchQemu(
  binary: string,
  launch: QemuLaunch,
  place: Place,
  privileges: Privileges,
): Promise<Child> {
  await using files = new AsyncDisposableStack();
  const log = files.use(await open(place.log, FLAGS.append, 0o600));
  const fds = await openAll(launch.files, privileges, files);
  const limits = privileges.uid !== undefined && pinsMemory(launch) ? MAY_PIN : [];
  const command = [
    ...limits,
    "setpriv",
    ...(await dropArgs(privileges)),
    "--",
    binary,
    ...launch.args,
  ];
  const [file = "", ...args] = launch.tap ? withTap(launch.tap, command) : command;
  return Child.spawn({
    file,
    args,
    env: { PATH: TOOL_ENV["PATH"] ?? "", LC_ALL: "C" },
    cwd: place.workDir,
    graceMs: 0,
    session: "own",
    stdout: log.fd,
    stderr: log.fd,
    extraFds: fds,
  });
}

/** All of a guest's memory stays where it is while the processor encrypts it, or a device of the host's reaches into it. */
function pinsMemory({ confidential, args }: QemuLaunch): boolean {
  return confidential?.kind === "sev" || args.some((arg) => arg.startsWith("vfio-pci,"));
}

/** At once, since each has to wait for the disk. @param keep takes those that were opened, also if it rejects */
async function openAll(
  wanted: readonly FileToOpen[],
  { uid }: Privileges,
  keep: AsyncDisposableStack,
): Promise<readonly number[]> {
  const opened = await Promise.allSettled(
    wanted.map((file) => open(file.path, FLAGS[file.access], 0o600)),
  );
  for (const { value } of opened.filter((one) => one.status === "fulfilled")) keep.use(value);
  const fds: number[] = [];
  for (const [index, one] of opened.entries()) {
    if (one.status === "rejected") throw one.reason;
    const file = wanted[index];
    if (file?.reopened && uid !== undefined) await mustBePublic(one.value, file.path);
    fds.push(one.value.fd);
  }
  return fds;
}

async function dropArgs({ uid, accel }: Privileges): Promise<string[]> {
  if (uid === undefined) return ["--no-new-privs"];
  const groups = accel === "kvm" ? ["--groups", String(await kvmGroup())] : ["--clear-groups"];
  const user = ["--reuid", String(uid), "--regid", String(uid), ...groups];
  return [...user, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"];
}

async function kvmGroup(): Promise<number> {
  const { gid } = await stat(KVM_DEVICE);
  // Root's group would open far more than the device.
  return gid === 0 ? 65_534 : gid;
}

/** A descriptor of a private file opens nothing when another user opens it again through /proc. */
async function mustBePublic(handle: FileHandle, path: string): Promise<void> {
  const { mode } = await handle.stat();
  if ((mode & constants.S_IROTH) !== 0) return;
  throw new Error(
    `QEMU runs as another user and must be able to read this file: chmod o+r ${path}`,
  );
}

/**
 * The directory of one running machine, and who may do what in it.
 *
 *     <run dir>/           the daemon's; `vmm.log` holds what QEMU itself says
 *     <run dir>/io/        QEMU's working directory, where it makes its sockets
 *
 * QEMU owns `io` only until its sockets exist. Then the daemon takes the directory back: a QEMU that
 * was taken over by its guest cannot put something else in the place of a socket that the daemon,
 * which may be root, is going to connect to.
 */

import { chmod, chown, lstat, mkdir, open, realpath, rm } from "node:fs/promises";
import path from "node:path";

import { printable } from "#lib/text.ts";

import { SOCKETS } from "./argv.ts";

/** what fits into a Unix socket address, without the final zero */
const MAX_SOCKET_PATH_BYTES = 107;

/** how much of QEMU's own output is kept as its last words */
const LAST_WORDS_BYTES = 4096;

export interface RunPaths {
  readonly dir: string;
  /** as the kernel names it: without symbolic links on the way */
  readonly workDir: string;
  readonly log: string;
  readonly qmp: string;
  readonly agent: string;
  readonly console: string;
  /** there only in machines with firmware */
  readonly guestAgent: string;
  readonly state: string;
}

/** Resolves the paths of a run directory, whether or not it exists. */
export async function runPaths(dir: string): Promise<RunPaths> {
  const workDir = path.join(await canonical(path.dirname(dir)), path.basename(dir), "io");
  return {
    dir,
    workDir,
    log: path.join(dir, "vmm.log"),
    qmp: path.join(workDir, SOCKETS.qmp),
    agent: path.join(workDir, SOCKETS.agent),
    console: path.join(workDir, SOCKETS.console),
    guestAgent: path.join(workDir, SOCKETS.guestAgent),
    state: path.join(workDir, SOCKETS.state),
  };
}

/** Makes the directory for a QEMU that will run as `uid`; what an earlier machine left is removed. */
export async function makeRunDir(paths: RunPaths, uid: number | undefined): Promise<void> {
  if (Buffer.byteLength(paths.console) > MAX_SOCKET_PATH_BYTES) {
    throw new Error(`The run directory's path is too long for sockets: ${paths.dir}`);
  }
  await removeRunDir(paths);
  await mkdir(paths.workDir, { recursive: true, mode: 0o700 });
  if (uid !== undefined) await chown(paths.workDir, uid, uid);
}

/**
 * Takes the working directory back once QEMU has made its sockets.
 * Rejects when one of them is missing or is anything but a socket.
 */
export async function sealRunDir(paths: RunPaths, uid: number | undefined): Promise<void> {
  if (uid !== undefined) {
    await chown(paths.workDir, 0, 0);
    await chmod(paths.workDir, 0o700);
  }
  await Promise.all([paths.qmp, paths.agent, paths.console].map(mustBeSocket));
}

async function mustBeSocket(file: string): Promise<void> {
  const found = await lstat(file);
  if (!found.isSocket()) throw new Error(`QEMU made something else than a socket: ${file}`);
}

export async function removeRunDir(paths: Pick<RunPaths, "dir">): Promise<void> {
  await rm(paths.dir, { recursive: true, force: true });
}

/** The end of what QEMU itself said, safe to print; empty when it said nothing. */
export async function lastWords(paths: RunPaths): Promise<string> {
  try {
    await using file = await open(paths.log, "r");
    const { size } = await file.stat();
    const start = Math.max(0, size - LAST_WORDS_BYTES);
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(LAST_WORDS_BYTES),
      position: start,
    });
    return printable(buffer.toString("utf8", 0, bytesRead), LAST_WORDS_BYTES).trim();
  } catch {
    return ""; // the log went with the run directory: how the process ended is said all the same
  }
}

export async function canonical(directory: string): Promise<string> {
  try {
    return await realpath(directory);
  } catch {
    return path.resolve(directory); // it does not exist: nothing runs in it either
  }
}

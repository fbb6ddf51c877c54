/**
 * The directories of one host under test, and what may be left in them.
 *
 * The image store is a symbolic link to the checkout's: nothing is copied, and removing the
 * directories does not touch it.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { IMAGES } from "./can-run.ts";
import { networksOf } from "./host-networks.ts";

export class HostDirs {
  readonly root: string;
  readonly state: string;
  readonly runtime: string;
  /** TMPDIR of the daemon, so that what it leaves there can be seen */
  readonly temp: string;
  /** what the tests themselves need on this host */
  readonly scratch: string;

  static async make(): Promise<HostDirs> {
    // Short, because socket paths are; passable, because machines run as other users.
    const root = await mkdtemp(path.join(tmpdir(), "alcove-e2e-"));
    chmodSync(root, 0o711);
    return new HostDirs(root);
  }

  private constructor(root: string) {
    this.root = root;
    this.state = path.join(root, "state");
    this.runtime = path.join(root, "run");
    this.temp = path.join(root, "tmp");
    this.scratch = path.join(root, "scratch");
    for (const directory of [this.state, this.temp, this.scratch]) mkdirSync(directory);
    symlinkSync(IMAGES, path.join(this.state, "images"));
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  /** processes that work below these directories or hold a file there open: the machines */
  machines(): readonly number[] {
    return pids().filter((pid) => usesBelow(pid, this.root));
  }

  /** ids of VMs that have a run directory */
  runDirs(): readonly string[] {
    return namesIn(path.join(this.runtime, "vms"));
  }

  /** ids of VMs that have files of their own */
  vmDirs(): readonly string[] {
    return namesIn(path.join(this.state, "vms"));
  }

  /** What a stopped daemon without VMs leaves: token, database, images, the place for disks to import, sealed secrets, what it knows of KVM and of the Aleph network, where VMs ran. No more. */
  assertNothingLeft(): void {
    assert.deepEqual(this.machines(), [], "processes are left");
    assert.deepEqual(this.runDirs(), [], "run directories are left");
    assert.deepEqual(this.vmDirs(), [], "files of VMs are left");
    assert.deepEqual(leavesBelow(this.runtime), [], "the runtime directory is not empty");
    assert.ok(
      !packetFilterTables().includes(guardTable(this.runtime)),
      "rules of the packet filter are left",
    );
    assert.deepEqual(networksOf(this.runtime), [], "networks are left");
    assert.deepEqual(namesIn(this.temp), [], "temporary files are left");
    const kept = [
      "acceleration.json",
      "aleph",
      "alcove.sqlite",
      "auth",
      "images",
      "import",
      "layers",
      "runtime-dir",
      "secrets",
      "templates",
      "vms",
    ];
    const unknown = namesIn(this.state).filter((name) => !kept.includes(name));
    assert.deepEqual(unknown, [], "the state directory holds more than the next start needs");
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return []; // not made yet: nothing is in it
  }
}

/** the table of the daemon that has this runtime directory */
function guardTable(runtime: string): string {
  return `alcove_guard_${createHash("sha256").update(runtime).digest("hex").slice(0, 12)}`;
}

/** nothing where there is no nft, or no right to ask it: then no daemon could make a table either */
function packetFilterTables(): string {
  return spawnSync("nft", ["list", "tables"], { encoding: "utf8" }).stdout ?? "";
}

/** everything below but directories, which a daemon makes once and keeps */
function leavesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function pids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

function usesBelow(pid: number, root: string): boolean {
  const fds = namesIn(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`);
  return [`/proc/${pid}/cwd`, ...fds].some((link) => target(link).startsWith(`${root}/`));
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ""; // the process or the descriptor is gone
  }
}

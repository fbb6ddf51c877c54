/**
 * The daemon's settings: the environment, checked, as one frozen value.
 *
 * Nothing else reads `process.env`, and nothing else has defaults. An unknown
 * `ALCOVE_*` name stops the daemon: a misspelt setting must not be ignored.
 */

import { existsSync } from "node:fs";
import path from "node:path";

import type { HostGroup } from "#core/group/host-group.ts";

import { type Environment, SettingsReader } from "./settings-reader.ts";

export interface Config {
  /** images, disks, database, token */
  readonly stateDir: string;
  /** sockets and process files; short, because socket paths are limited to 107 bytes */
  readonly runtimeDir: string;
  readonly listenAddress: string;
  /** TCP port; 0 lets the system choose */
  readonly listenPort: number;
  readonly auth: "on" | "off";
  /** whether `GET /node/{h}/stats` answers Slicer's Go SDK with the list that it expects */
  readonly slicerGoStats: "on" | "off";
  readonly hypervisor: "qemu" | "fake";
  /** "auto" boots a probe to decide */
  readonly acceleration: "auto" | "kvm" | "tcg";
  /** "auto": off under emulation, where starting programs at random addresses costs several times as much */
  readonly guestAslr: "auto" | "on" | "off";
  readonly qemuBinary: string;
  readonly agentBinary: string;
  readonly bootTimeoutMs: number;
  readonly powerOffGraceMs: number;
  /** what an orderly end of the daemon does with VMs: as Slicer does, or leave them to the next daemon */
  readonly onStop: "stop" | "leave";
  readonly vmmUidBase: number;
  /** whether guests of user-mode networks may reach services on the host itself */
  readonly guestToHost: "deny" | "allow";
  readonly group: HostGroup;
  readonly limits: {
    readonly memoryReserveMiB: number;
    readonly memoryOvercommit: number;
    readonly cpuOvercommit: number;
    readonly diskReserveMiB: number;
    readonly maxVms: number;
  };
}

/** @throws Error naming every setting that is wrong, and what it may be */
export function readConfig(env: Environment, uid: number): Config {
  const read = new SettingsReader(env, FOR_OTHERS);
  const root = uid === 0;
  const config: Config = {
    stateDir: path.resolve(read.text("ALCOVE_STATE_DIR", path.join(CHECKOUT, ".alcove"))),
    runtimeDir: path.resolve(
      read.text("ALCOVE_RUNTIME_DIR", runtimeDefault(root, read.plain("XDG_RUNTIME_DIR"), uid)),
    ),
    listenAddress: read.text("ALCOVE_LISTEN_ADDRESS", "127.0.0.1"),
    listenPort: read.integer("ALCOVE_LISTEN_PORT", 8080, [0, 65_535]),
    auth: read.oneOf("ALCOVE_AUTH", ["on", "off"]),
    slicerGoStats: read.oneOf("ALCOVE_SLICER_GO_STATS", ["on", "off"]),
    hypervisor: read.oneOf("ALCOVE_HYPERVISOR", ["qemu", "fake"]),
    acceleration: read.oneOf("ALCOVE_ACCELERATION", ["auto", "kvm", "tcg"]),
    guestAslr: read.oneOf("ALCOVE_GUEST_ASLR", ["auto", "on", "off"]),
    qemuBinary: read.text("ALCOVE_QEMU", "qemu-system-x86_64"),
    agentBinary: read.text("ALCOVE_AGENT", AGENT_IN_CHECKOUT),
    bootTimeoutMs: read.integer("ALCOVE_BOOT_TIMEOUT_MS", 30_000, [100, 600_000]),
    powerOffGraceMs: read.integer("ALCOVE_POWER_OFF_GRACE_MS", 10_000, [0, 600_000]),
    onStop: read.oneOf("ALCOVE_ON_STOP", ["stop", "leave"]),
    vmmUidBase: read.integer("ALCOVE_VMM_UID_BASE", 400_000, [1, 2_000_000_000]),
    guestToHost: read.oneOf("ALCOVE_GUEST_TO_HOST", ["deny", "allow"]),
    group: {
      name: read.shaped("ALCOVE_GROUP_NAME", "sbox", GROUP_NAME, GROUP_NAME_SHAPE),
      vcpus: read.integer("ALCOVE_GROUP_VCPUS", 2, [1, 64]),
      memoryMiB: read.integer("ALCOVE_GROUP_MEMORY_MIB", 1024, [64, 1_048_576]),
      image: read.text("ALCOVE_GROUP_IMAGE", "base"),
      network: { mode: read.oneOf("ALCOVE_GROUP_NETWORK", ["user", "none"]) },
      count: 0,
      diskBytes: undefined,
      dns: [],
      sshKeys: [],
      userdata: undefined,
    },
    limits: {
      memoryReserveMiB: read.integer("ALCOVE_MEMORY_RESERVE_MIB", 1024, [0, 1_048_576]),
      memoryOvercommit: read.decimal("ALCOVE_MEMORY_OVERCOMMIT", 1, [0.1, 100]),
      cpuOvercommit: read.decimal("ALCOVE_CPU_OVERCOMMIT", 32, [0.1, 1_000]),
      diskReserveMiB: read.integer("ALCOVE_DISK_RESERVE_MIB", 2048, [0, 1_073_741_824]),
      maxVms: read.integer("ALCOVE_MAX_VMS", 2_000, [1, 4_096]),
    },
  };
  read.finish();
  return Object.freeze(config);
}

/** It begins host names, and stands in URLs and in guests' files as it is. */
const GROUP_NAME = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const GROUP_NAME_SHAPE = "1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -";

/** Alcove runs from its checkout, and keeps what it makes there unless told otherwise. */
const CHECKOUT = path.resolve(import.meta.dirname, "../../../..");

/** Where the set-up builds the agent. */
const AGENT_IN_CHECKOUT = path.join(
  CHECKOUT,
  "guest/target/x86_64-unknown-linux-gnu/release/alcove-agent",
);

function runtimeDefault(root: boolean, xdg: string | undefined, uid: number): string {
  if (root) return "/run/alcove";
  return xdg !== undefined && existsSync(xdg) ? `${xdg}/alcove` : `/tmp/alcove-${uid}`;
}

/** Settings of the CLI, the tests and the set-up, which share the environment. */
const FOR_OTHERS = new Set([
  "ALCOVE_URL",
  "ALCOVE_TOKEN",
  "ALCOVE_TOKEN_FILE",
  "ALCOVE_REQUIRE_E2E",
]);

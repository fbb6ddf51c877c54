/**
 * The daemon's settings: the environment and the configuration file, checked, as one frozen value.
 *
 * Nothing else reads `process.env`, and nothing else has defaults. An unknown name in either stops
 * the daemon: a misspelt setting must not be ignored. Everything wrong is told at once.
 */

import { existsSync } from "node:fs";
import path from "node:path";

import type { AlephSettings } from "#core/aleph/settings.ts";
import type { HostGroup } from "#core/group/host-group.ts";
import { StartRefused } from "#lib/start-refused.ts";

import { readAleph } from "./aleph-settings.ts";
import { type ApiSettings, apiSettings } from "./api-settings.ts";
import { type DaemonFile, readDaemonFile, type ReadFile } from "./daemon-file.ts";
import { ownGroup } from "./own-group.ts";
import { proxiesIn } from "./proxies.ts";
import { type Environment, SettingsReader } from "./settings-reader.ts";

export interface Config {
  /** images, disks, database, token */
  readonly stateDir: string;
  /** sockets and process files; short, because socket paths are limited to 107 bytes */
  readonly runtimeDir: string;
  readonly api: ApiSettings;
  /** the node of the Aleph network that this host is, too; `undefined`: it is none */
  readonly aleph: AlephSettings | undefined;
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
  readonly onStop: "stop" | "leave" | "suspend";
  readonly vmmUidBase: number;
  /** whether new VMs come from templates where there are any, and these are built in the background */
  readonly templates: "on" | "off";
  /** what all templates together may take on the disk */
  readonly templateDiskMiB: number;
  /** from one sample of what the host and its VMs use to the next; 0: nothing is sampled */
  readonly meterSeconds: number;
  /** whether guests of user-mode networks may reach services on the host itself */
  readonly guestToHost: "deny" | "allow";
  /** network adapter whose traffic `GET /metrics` shows; `undefined`: that of the default route */
  readonly egressAdapter: string | undefined;
  /** proxies, for tools that download what images are made of */
  readonly downloadEnv: Readonly<Record<string, string>>;
  /** where accounts publish their SSH keys, without a slash at its end: `<url>/<account>.keys` */
  readonly keysUrl: string;
  readonly groups: readonly [HostGroup, ...HostGroup[]];
  /** account whose public keys every VM gets */
  readonly githubUser: string | undefined;
  /** what becomes of a VM whose guest reboots */
  readonly guestReboot: "restarts" | "ends";
  /** whether guests are asked to power off at the daemon's end, or killed */
  readonly gracefulStop: boolean;
  readonly limits: {
    readonly memoryReserveMiB: number;
    readonly memoryOvercommit: number;
    readonly cpuOvercommit: number;
    readonly diskReserveMiB: number;
    readonly maxVms: number;
  };
  /** what will be different from what the file asks for, a sentence each */
  readonly warnings: readonly string[];
}

/**
 * @param argument the configuration file as the command line names it; it wins over `ALCOVE_CONFIG`
 * @throws StartRefused naming everything that is wrong, and what it may be
 */
export function readConfig(env: Environment, uid: number, argument?: string): Config {
  const read = new SettingsReader(env, FOR_OTHERS);
  const inEnvironment = read.text("ALCOVE_CONFIG", "");
  const named = argument ?? inEnvironment;
  if (inEnvironment !== "" && inEnvironment !== named) {
    read.warning(`ALCOVE_CONFIG=${inEnvironment} is not used: the command line names ${named}`);
  }
  const file = named === "" ? NO_FILE : readDaemonFile(named, read.plain("HOME"));
  const { settings } = file;
  const homes = directories(read, uid);
  const aleph = readAleph(read, env, homes);
  const config: Config = {
    ...homes,
    ...machines(read),
    api: apiSettings(read, settings),
    aleph: aleph.settings,
    slicerGoStats: read.oneOf("ALCOVE_SLICER_GO_STATS", ["on", "off"]),
    onStop: read.oneOf("ALCOVE_ON_STOP", ["stop", "leave", "suspend"]),
    groups: groupsOf(read, settings),
    githubUser: settings?.githubUser,
    keysUrl: read.shaped("ALCOVE_KEYS_URL", "https://github.com", KEYS_URL, KEYS_URL_SHAPE),
    guestReboot: settings?.guestReboot ?? "restarts",
    gracefulStop: settings?.gracefulShutdown ?? true,
    downloadEnv: proxiesIn(env),
    egressAdapter: read.plain("SLICER_EGRESS_ADAPTER") || undefined,
    limits: limits(read),
    warnings: [...file.warnings, ...read.warnings, ...aleph.warnings],
  };
  refuse([...read.finish(), ...aleph.problems], file.problems);
  return Object.freeze(config);
}

const NO_FILE: ReadFile = { settings: undefined, problems: [], warnings: [] };

function refuse(inEnvironment: readonly string[], inFile: readonly string[]): void {
  const parts = [
    ...(inEnvironment.length > 0 ? [`Settings: ${inEnvironment.join("; ")}`] : []),
    ...inFile,
  ];
  if (parts.length > 0) throw new StartRefused(parts.join("\n"));
}

function directories(read: SettingsReader, uid: number): Pick<Config, "stateDir" | "runtimeDir"> {
  const byDefault = runtimeDefault(uid === 0, read.plain("XDG_RUNTIME_DIR"), uid);
  return {
    stateDir: path.resolve(read.text("ALCOVE_STATE_DIR", path.join(CHECKOUT, ".alcove"))),
    runtimeDir: path.resolve(read.text("ALCOVE_RUNTIME_DIR", byDefault)),
  };
}

type Machines =
  | "hypervisor"
  | "acceleration"
  | "guestAslr"
  | "qemuBinary"
  | "agentBinary"
  | "bootTimeoutMs"
  | "powerOffGraceMs"
  | "vmmUidBase"
  | "guestToHost"
  | "templates"
  | "templateDiskMiB"
  | "meterSeconds";

function machines(read: SettingsReader): Pick<Config, Machines> {
  return {
    hypervisor: read.oneOf("ALCOVE_HYPERVISOR", ["qemu", "fake"]),
    acceleration: read.oneOf("ALCOVE_ACCELERATION", ["auto", "kvm", "tcg"]),
    guestAslr: read.oneOf("ALCOVE_GUEST_ASLR", ["auto", "on", "off"]),
    qemuBinary: read.text("ALCOVE_QEMU", "qemu-system-x86_64"),
    agentBinary: read.text("ALCOVE_AGENT", AGENT_IN_CHECKOUT),
    bootTimeoutMs: read.integer("ALCOVE_BOOT_TIMEOUT_MS", 30_000, [100, 600_000]),
    powerOffGraceMs: read.integer("ALCOVE_POWER_OFF_GRACE_MS", 10_000, [0, 600_000]),
    vmmUidBase: read.integer("ALCOVE_VMM_UID_BASE", 400_000, [1, 2_000_000_000]),
    guestToHost: read.oneOf("ALCOVE_GUEST_TO_HOST", ["deny", "allow"]),
    templates: read.oneOf("ALCOVE_TEMPLATES", ["on", "off"]),
    templateDiskMiB: read.integer("ALCOVE_TEMPLATE_DISK_MIB", 8192, [0, 1_073_741_824]),
    meterSeconds: read.integer("ALCOVE_METER_SECONDS", 5, [0, 3_600]),
  };
}

function limits(read: SettingsReader): Config["limits"] {
  return {
    memoryReserveMiB: read.integer("ALCOVE_MEMORY_RESERVE_MIB", 1024, [0, 1_048_576]),
    memoryOvercommit: read.decimal("ALCOVE_MEMORY_OVERCOMMIT", 1, [0.1, 100]),
    cpuOvercommit: read.decimal("ALCOVE_CPU_OVERCOMMIT", 32, [0.1, 1_000]),
    diskReserveMiB: read.integer("ALCOVE_DISK_RESERVE_MIB", 2048, [0, 1_073_741_824]),
    maxVms: read.integer("ALCOVE_MAX_VMS", 2_000, [1, 4_096]),
  };
}

const OF_OWN_GROUP = [
  "NAME",
  "VCPUS",
  "MEMORY_MIB",
  "IMAGE",
  "NETWORK",
  "POOL_SIZE",
  "POOL_REFILL",
  "POOL_MEMORY_MIB",
].map((word) => `ALCOVE_GROUP_${word}`);

/** The file's groups, or without a file the one that Alcove makes for itself. */
function groupsOf(read: SettingsReader, file: DaemonFile | undefined): Config["groups"] {
  const own = ownGroup(read);
  const [first, ...more] = file?.groups ?? [];
  if (!first) return [own];
  for (const name of OF_OWN_GROUP.filter((it) => read.isSet(it))) {
    read.problem(
      `${name} is set, but the host groups are those of the configuration file: unset it`,
    );
  }
  return [first, ...more];
}

const KEYS_URL = /^https?:\/\/[^\s/?#]+(?:\/[^\s?#]*[^\s?#/])?$/;
const KEYS_URL_SHAPE = "an http or https URL without query and without a slash at its end";

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
  "ALCOVE_ALEPH_URL",
  "ALCOVE_ALEPH_TOKEN",
  "ALCOVE_ALEPH_TOKEN_FILE",
  "ALCOVE_REQUIRE_E2E",
]);

/** Slicer's configuration file (`slicer.yaml`), checked: every key of it is known here or in the blocks. */

import { readFileSync } from "node:fs";
import path from "node:path";

import type { HostGroup } from "#core/group/host-group.ts";

import { type ApiBlock, apiFrom } from "./api-block.ts";
import { checkTogether } from "./groups-together.ts";
import { groupFrom, imageFrom } from "./group-block.ts";
import { type Item, MapReader, Remarks } from "./map-reader.ts";
import { refuseInFile } from "./not-here.ts";
import { parseYaml, type YamlNode } from "./yaml-tree.ts";

export interface DaemonFile {
  /** absolute path */
  readonly path: string;
  readonly groups: readonly HostGroup[];
  /** account whose public keys every VM gets */
  readonly githubUser: string | undefined;
  /** what becomes of a VM whose guest reboots: Firecracker, Slicer's default, ends with it */
  readonly guestReboot: "restarts" | "ends";
  /** whether guests are asked to power off before they are killed at the daemon's end */
  readonly gracefulShutdown: boolean;
  readonly api: ApiBlock;
}

/** A file as read: what it says, and everything to say about it, each with file and line. */
export interface ReadFile {
  /** usable only if there are no problems */
  readonly settings: DaemonFile | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** more is no configuration */
const MAX_FILE_BYTES = 1024 * 1024;

/** Never throws: a file that cannot be read is a problem like others. */
export function readDaemonFile(file: string, home: string | undefined): ReadFile {
  const whole = path.resolve(file);
  const remarks = new Remarks();
  const settings = fromText(whole, home, remarks);
  const told = ({ line, text }: { line: number; text: string }) => `${file}:${line}: ${text}`;
  return { settings, problems: remarks.problems.map(told), warnings: remarks.warnings.map(told) };
}

function fromText(
  file: string,
  home: string | undefined,
  remarks: Remarks,
): DaemonFile | undefined {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    remarks.problem(1, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const parsed = parseYaml(text);
  if ("root" in parsed) return fromTree(parsed.root, { file, home, remarks });
  for (const { line, text: problem } of parsed) remarks.problem(line, problem);
  return undefined;
}

function fromTree(
  root: YamlNode,
  { file, home, remarks }: { file: string; home: string | undefined; remarks: Remarks },
): DaemonFile | undefined {
  const top = new MapReader(root, "", remarks);
  const config = top.map("config");
  top.finish();
  if (!config) {
    if (root.kind === "map") top.problem("config", "is missing");
    return undefined;
  }
  const near = (name: string) => pathNear(name, path.dirname(file), home);
  const sshKeys = config.texts("ssh_keys").flatMap(keysIn);
  const image = imageFrom(config);
  const blocks = config.maps("host_groups");
  if (blocks.length === 0) config.problem("host_groups", "is missing or empty");
  const all = { image, sshKeys, readText: (name: string) => readText(near(name)) };
  const groups = blocks.map((block) => groupFrom(block, all));
  checkTogether(blocks, groups);
  refuseInFile(config);
  const read: DaemonFile = {
    path: file,
    groups,
    githubUser: config.text("github_user"),
    guestReboot: rebootFrom(config),
    gracefulShutdown: config.boolean("graceful_shutdown") ?? true,
    api: apiFrom(config.map("api"), near),
  };
  config.finish();
  return read;
}

/** One entry may hold several keys, a line each, as in `authorized_keys`. */
function keysIn({ text }: Item): readonly string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

/** What Slicer's own hypervisors do. Alcove boots with QEMU whatever is written here. */
function rebootFrom(config: MapReader): DaemonFile["guestReboot"] {
  const known = ["firecracker", "cloud-hypervisor", "qemu", "apple"] as const;
  const name = config.oneOf("hypervisor", known);
  if (name === "apple")
    config.problem("hypervisor", "is apple, which is for Slicer on a Mac: use qemu");
  if (name === "firecracker" || name === "cloud-hypervisor") {
    const same = name === "firecracker" ? "; as there, a guest that reboots ends its VM" : "";
    config.warning("hypervisor", `is ${name}: Alcove boots VMs with QEMU${same}`);
  }
  return name === undefined || name === "firecracker" ? "ends" : "restarts";
}

/** Names in the file are seen from where the file is. */
function pathNear(name: string, directory: string, home: string | undefined): string {
  if (home !== undefined && name.startsWith("~/")) return path.join(home, name.slice(2));
  return path.resolve(directory, name);
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  if (bytes.length > MAX_FILE_BYTES) throw new Error(`${file} is longer than 1 MiB`);
  return bytes.toString("utf8");
}

/** `new`: prints a configuration, as Slicer's command does, that `alcove up` reads. */

import { readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { Command, Option } from "commander";

import type { Cli } from "../cli.ts";
import { UsageError } from "../failure.ts";
import { collect, publicKeys } from "../launch-options.ts";
import { parseBytes, parseWhole } from "../units.ts";
import { type YamlValue, yamlText } from "../yaml-text.ts";
import { type NetworkFlags, networkOf, withNetworkFlags } from "./new-network.ts";

interface Flags extends NetworkFlags {
  readonly count: number;
  readonly cpu?: number;
  readonly vcpu?: number;
  readonly ram: number;
  readonly storage?: "image";
  readonly storageSize?: string;
  readonly persistent?: true;
  readonly github?: string;
  readonly importUser?: string;
  readonly sshKey?: readonly string[];
  readonly findSshKeys?: true;
  readonly userdataFile?: string;
  readonly image?: string;
  readonly apiBind?: string;
  readonly apiPort?: number;
  readonly apiAuth: boolean;
  readonly socket?: string;
  readonly gracefulShutdown: boolean;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const DEFAULT_CPUS = 2;
const DEFAULT_RAM_BYTES = 4 * GIB;
/** What the daemon takes as the name of a group: it begins host names. */
const GROUP_NAME = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const DEFAULT_API = { bind_address: "127.0.0.1", port: 8080 };

export function newConfiguration(cli: Cli): Command {
  const command = new Command("new")
    .description("print a configuration for `alcove up`")
    .argument("<name>", "host group; begins the names of its VMs");
  withVmFlags(command);
  withNetworkFlags(command);
  return withHostFlags(command).action((name: string, flags: Flags) => {
    const text = yamlText({ config: configOf(name, flags) }).trimEnd();
    cli.print(`# ${name}.yaml: start it with \`alcove up ${name}.yaml\`.\n${text}`);
  });
}

function withVmFlags(command: Command): Command {
  return command
    .option(
      "--count <n>",
      "VMs that are made at start and stay; 0: by the API only",
      parseWhole(0),
      1,
    )
    .option("--cpu <n>", "virtual CPUs of each VM, default and maximum; default 2", parseWhole(1))
    .option("--vcpu <n>", "same as --cpu", parseWhole(1))
    .addOption(
      new Option("--ram <size>", "memory, default and maximum: GiB, or 512M")
        .argParser(parseRam)
        .default(DEFAULT_RAM_BYTES, "4 GiB"),
    )
    .addOption(new Option("--storage <kind>", "how disks are kept").choices(["image"]))
    .option("--storage-size <size>", "size of each disk, such as 25G")
    .option("--persistent", "keep disks of VMs that stop")
    .option("--image <name>", "image to boot, as `alcove image ls` names it; default: base")
    .option("--userdata-file <path>", "script that runs once as root on first boot");
}

function withHostFlags(command: Command): Command {
  return command
    .option("--github <account>", "let in the public SSH keys of this account")
    .addOption(new Option("--import-user <account>", "same as --github").conflicts("github"))
    .option("--ssh-key <key>", "public SSH key, or a file of them (repeat)", collect)
    .option("--find-ssh-keys", "those of this user, from ~/.ssh")
    .option(
      "--api-bind <address>",
      "address of the API, or the path of a socket; default 127.0.0.1",
    )
    .option("--api-port <n>", "port of the API; default 8080", parseWhole(0))
    .option("--no-api-auth", "serve the API without a token")
    .option("--socket <path>", "serve it on this socket, too")
    .option("--no-graceful-shutdown", "end VMs at once when the daemon ends");
}

function configOf(name: string, flags: Flags): YamlValue {
  if (!GROUP_NAME.test(name)) {
    const shape = "1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -";
    throw new UsageError(`"${name}" is no name of a host group: it must be ${shape}`);
  }
  const keys = [...(flags.sshKey ?? []).flatMap(publicKeys), ...foundKeys(flags)];
  return {
    host_groups: [groupOf(name, flags)],
    github_user: flags.github ?? flags.importUser,
    ssh_keys: keys.length === 0 ? undefined : keys,
    hypervisor: "qemu",
    graceful_shutdown: flags.gracefulShutdown ? undefined : false,
    api: apiOf(flags),
  };
}

function groupOf(name: string, flags: Flags): YamlValue {
  const { ram, storageSize } = flags;
  const storage = flags.storage ?? (storageSize === undefined ? undefined : "image");
  if (storage !== undefined && storageSize === undefined) {
    throw new UsageError("--storage image needs a --storage-size, such as 25G");
  }
  return {
    name,
    count: flags.count,
    vcpu: flags.cpu ?? flags.vcpu ?? DEFAULT_CPUS,
    ...(ram % GIB === 0 ? { ram_gb: ram / GIB } : { ram_mb: Math.floor(ram / MIB) }),
    image: flags.image,
    storage,
    storage_size: storageSize,
    persistent: flags.persistent,
    userdata_file: flags.userdataFile && readableFile(flags.userdataFile),
    network: networkOf(flags),
  };
}

/** @returns its absolute path: the daemon may run elsewhere */
function readableFile(file: string): string {
  try {
    readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--userdata-file cannot be read: ${why}`, { cause });
  }
  return path.resolve(file);
}

/** Whether a token is needed is always written down: what is not said means different things. */
function apiOf({ apiBind, apiPort, apiAuth, socket }: Flags): YamlValue {
  const isSocket = apiBind !== undefined && /\/|\.sock$/.test(apiBind);
  const places = isSocket
    ? { bind_address: apiBind }
    : { bind_address: apiBind ?? DEFAULT_API.bind_address, port: apiPort ?? DEFAULT_API.port };
  return { ...places, socket, auth: { enabled: apiAuth && !isSocket } };
}

function foundKeys({ findSshKeys }: Flags): readonly string[] {
  if (!findSshKeys) return [];
  const directory = path.join(homedir(), ".ssh");
  let files: readonly string[];
  try {
    files = readdirSync(directory).filter((name) => name.endsWith(".pub"));
  } catch (cause) {
    throw new UsageError(`There are no SSH keys: ${directory} cannot be read`, { cause });
  }
  const keys = files.map((name) => readFileSync(path.join(directory, name), "utf8").trim());
  if (keys.length > 0) return keys;
  throw new UsageError(`There are no public SSH keys in ${directory}`);
}

/** A bare number is GiB, as in Slicer's command. */
function parseRam(text: string): number {
  return /^\d{1,4}$/.test(text) ? parseWhole(1)(text) * GIB : parseBytes(text);
}

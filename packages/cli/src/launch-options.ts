/** The flags that describe a new VM, shared by `vm launch` and `run`. */

import { readFileSync } from "node:fs";

import type { VmSpec } from "@alcove/sdk/resources.ts";
import { type Command, Option } from "commander";

import { UsageError } from "./failure.ts";
import { parseDurationMs, parseWhole } from "./units.ts";
import { friendlyTag } from "./vm-name.ts";

export interface LaunchFlags {
  readonly cpus?: number;
  readonly ramGb?: number;
  readonly ramMb?: number;
  readonly ramBytes?: number;
  readonly image?: string;
  readonly userdata?: string;
  readonly userdataFile?: string;
  readonly sshKey?: readonly string[];
  readonly importUser?: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly secret?: readonly string[];
  /** `false`: none at all */
  readonly secrets?: readonly string[] | false;
  /** `false`: an empty list, which clears the group's */
  readonly allow?: readonly string[] | false;
  readonly drop?: readonly string[] | false;
  readonly ip?: string;
  readonly gpus?: number;
  readonly persistent?: boolean;
  readonly timeout?: number;
}

const MIB = 1024 * 1024;
const PUBLIC_KEY = /^(ssh-|ecdsa-|sk-)/;

export function withLaunchFlags(command: Command): Command {
  return withReachFlags(command)
    .option("--cpus <n>", "virtual CPUs; default: the group's", parseWhole(1))
    .addOption(ramOption("--ram-gb <n>", "GiB", ["ramMb", "ramBytes"]))
    .addOption(ramOption("--ram-mb <n>", "MiB", ["ramGb", "ramBytes"]))
    .addOption(ramOption("--ram-bytes <n>", "bytes", ["ramGb", "ramMb"]))
    .option("--image <name>", "image to boot; default: the group's")
    .addOption(
      new Option("--userdata <script>", "script to run once as root on first boot").conflicts(
        "userdataFile",
      ),
    )
    .option("--userdata-file <path>", "file that holds that script")
    .option("--ssh-key <key>", "public SSH key, or a file of them (repeat)", collect)
    .option("--import-user <account>", "let in the public SSH keys of this account, too")
    .option("-n, --name <name>", "friendly name, by which this command finds the VM, too")
    .option("--tag <tag>", "tag (repeat)", collect)
    .option("--gpus <n>", "GPUs; default: the group's", parseWhole(0))
    .option(
      "--timeout <duration>",
      "give up waiting after this long, such as 90s",
      parseDurationMs,
    );
}

/** What a VM may see and reach. */
function withReachFlags(command: Command): Command {
  return command
    .option("--secret <name>", "let it see this secret (repeat); default: all secrets", collect)
    .option("--secrets <names>", "the same, several with commas between them", splitAtCommas)
    .option("--no-secrets", "let it see no secret")
    .option(
      "--allow <address>",
      "isolated groups: CIDR or host:port it may reach (repeat)",
      collect,
    )
    .option("--no-allow", "isolated groups: without the group's list of these")
    .option(
      "--drop <address>",
      "isolated groups: CIDR or host:port it may not reach (repeat)",
      collect,
    )
    .option("--no-drop", "isolated groups: without the group's list of these")
    .option("--ip <address>", "address it is to have; default: a free one");
}

function splitAtCommas(names: string): readonly string[] {
  return names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function ramOption(flag: string, unit: string, others: string[]): Option {
  return new Option(flag, `memory in ${unit}; default: the group's`)
    .argParser(parseWhole(1))
    .conflicts(others);
}

/** @throws UsageError for a file that cannot be read */
export function vmSpecFrom(flags: LaunchFlags, extraTags: readonly string[] = []): VmSpec {
  const userdata = flags.userdataFile === undefined ? flags.userdata : read(flags.userdataFile);
  const name = flags.name === undefined ? [] : [friendlyTag(flags.name)];
  const tags = [...name, ...(flags.tag ?? []), ...extraTags];
  return {
    ...sizeOf(flags),
    ...(flags.image === undefined ? {} : { disk_image: flags.image }),
    ...(userdata === undefined ? {} : { userdata }),
    ...(flags.sshKey === undefined ? {} : { ssh_keys: flags.sshKey.flatMap(publicKeys) }),
    ...(flags.importUser === undefined ? {} : { import_user: flags.importUser }),
    ...(tags.length === 0 ? {} : { tags }),
    ...reachOf(flags),
    ...(flags.persistent === undefined ? {} : { persistent: flags.persistent }),
  };
}

function sizeOf(flags: LaunchFlags): Partial<VmSpec> {
  const ramBytes = ramBytesIn(flags);
  return {
    ...(flags.cpus === undefined ? {} : { cpus: flags.cpus }),
    ...(ramBytes === undefined ? {} : { ram_bytes: ramBytes }),
    ...(flags.gpus === undefined ? {} : { gpu_count: flags.gpus }),
  };
}

function reachOf({ secret, secrets, allow, drop, ip }: LaunchFlags): Partial<VmSpec> {
  const names = secrets === false ? [] : [...(secret ?? []), ...(secrets ?? [])];
  const areNamed = secret !== undefined || secrets !== undefined;
  const network = {
    ...(allow === undefined ? {} : { allow: allow === false ? [] : allow }),
    ...(drop === undefined ? {} : { drop: drop === false ? [] : drop }),
  };
  return {
    ...(areNamed ? { secrets: names } : {}),
    ...(Object.keys(network).length === 0 ? {} : { network }),
    ...(ip === undefined ? {} : { ip }),
  };
}

/** @param earlier what was given before; `true` where a `--no-…` exists and nothing was given */
export function collect(
  value: string,
  earlier: readonly string[] | boolean = [],
): readonly string[] {
  return [...(typeof earlier === "boolean" ? [] : earlier), value];
}

function ramBytesIn({ ramGb, ramMb, ramBytes }: LaunchFlags): number | undefined {
  if (ramGb !== undefined) return ramGb * 1024 * MIB;
  return ramMb === undefined ? ramBytes : ramMb * MIB;
}

export function publicKeys(keyOrFile: string): readonly string[] {
  if (PUBLIC_KEY.test(keyOrFile)) return [keyOrFile];
  const lines = read(keyOrFile).split("\n");
  const keys = lines.map((line) => line.trim()).filter((line) => PUBLIC_KEY.test(line));
  if (keys.length > 0) return keys;
  throw new UsageError(`${keyOrFile} holds no public SSH key`);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`A file named on the command line cannot be read: ${why}`, { cause });
  }
}

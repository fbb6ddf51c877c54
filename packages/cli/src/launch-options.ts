/** The flags that describe a new VM, shared by `vm launch` and `run`. */

import { readFileSync } from "node:fs";

import type { VmSpec } from "@alcove/sdk/resources.ts";
import { type Command, Option } from "commander";

import { UsageError } from "./failure.ts";
import { parseDurationMs, parseWhole } from "./units.ts";

export interface LaunchFlags {
  readonly cpus?: number;
  readonly ramGb?: number;
  readonly ramMb?: number;
  readonly ramBytes?: number;
  readonly image?: string;
  readonly userdata?: string;
  readonly userdataFile?: string;
  readonly sshKey?: readonly string[];
  readonly tag?: readonly string[];
  readonly persistent?: boolean;
  readonly timeout?: number;
}

const MIB = 1024 * 1024;
const PUBLIC_KEY = /^(ssh-|ecdsa-|sk-)/;

export function withLaunchFlags(command: Command): Command {
  return command
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
    .option("--tag <tag>", "tag (repeat)", collect)
    .option(
      "--timeout <duration>",
      "give up waiting after this long, such as 90s",
      parseDurationMs,
    );
}

function ramOption(flag: string, unit: string, others: string[]): Option {
  return new Option(flag, `memory in ${unit}; default: the group's`)
    .argParser(parseWhole(1))
    .conflicts(others);
}

/** @throws UsageError for a file that cannot be read */
export function vmSpecFrom(flags: LaunchFlags, extraTags: readonly string[] = []): VmSpec {
  const ramBytes = ramBytesIn(flags);
  const userdata = flags.userdataFile === undefined ? flags.userdata : read(flags.userdataFile);
  const tags = [...(flags.tag ?? []), ...extraTags];
  return {
    ...(flags.cpus === undefined ? {} : { cpus: flags.cpus }),
    ...(ramBytes === undefined ? {} : { ram_bytes: ramBytes }),
    ...(flags.image === undefined ? {} : { disk_image: flags.image }),
    ...(userdata === undefined ? {} : { userdata }),
    ...(flags.sshKey === undefined ? {} : { ssh_keys: flags.sshKey.flatMap(publicKeys) }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(flags.persistent === undefined ? {} : { persistent: flags.persistent }),
  };
}

export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function ramBytesIn({ ramGb, ramMb, ramBytes }: LaunchFlags): number | undefined {
  if (ramGb !== undefined) return ramGb * 1024 * MIB;
  return ramMb === undefined ? ramBytes : ramMb * MIB;
}

function publicKeys(keyOrFile: string): readonly string[] {
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

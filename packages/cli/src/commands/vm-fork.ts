/** `vm fork`: a VM that begins where another one is. */

import type { ForkOptions, ForkSpec } from "@alcove/sdk/commits.ts";
import { Command, Option } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { UsageError } from "../failure.ts";
import { collect } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { parseDurationMs, parseWhole } from "../units.ts";
import { friendlyTag } from "../vm-name.ts";

/** what every commit's id begins with, and no host name */
const COMMIT = "cmt-";
const MIB = 1024 * 1024;

interface Flags extends JsonFlag {
  readonly cpus?: number;
  readonly ramMb?: number;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly replaceTags?: true;
  /** `false`: none at all */
  readonly secrets: boolean;
  readonly secret?: readonly string[];
  /** `false`: an empty list, which clears the source's */
  readonly allow?: readonly string[] | false;
  readonly drop?: readonly string[] | false;
  readonly persistent?: boolean;
  readonly fixup?: readonly string[];
  readonly fixups: boolean;
  readonly wait?: "agent" | "none";
  readonly timeout?: number;
}

export function vmFork(cli: Cli): Command {
  const command = new Command("fork")
    .description("create a VM that begins with the disk of a commit; prints its name")
    .argument("<commit>", `id, as \`vm commit list\` shows it: ${COMMIT}…`);
  withSizeFlags(command)
    .option("-n, --name <name>", "friendly name, by which this command finds the VM, too")
    .option("--tag <tag>", "tag, beside those of the source (repeat)", collect)
    .option("--replace-tags", "without the tags of the source")
    .addOption(new Option("--persistent", "keep the disk when the VM stops (default)"))
    .option("--no-persistent", "it is gone when it stops")
    .option(
      "--fixup <part>",
      "hostname, machine-id or ssh-host-keys (repeat); default: all",
      collect,
    )
    .option("--no-fixups", "leave the machine id and SSH host keys of the source on its disk")
    .addOption(
      new Option("--wait [what]", "return when the VM's agent answers")
        .choices(["agent", "none"])
        .preset("agent"),
    )
    .option("--timeout <duration>", "give up waiting after this long", parseDurationMs);
  return withConnection(withJson(command)).action(
    async (source: string, flags: Flags, self: Command) => {
      if (!source.startsWith(COMMIT)) {
        const how = "`alcove vm commit <vm>` makes one of a stopped VM";
        throw new UsageError(`${printableLine(source)} is no commit's id: ${how}`);
      }
      using client = cli.client(self);
      using _progress = cli.progress(`Fork of ${printableLine(source)}`);
      const child = await client.commits.fork(source, specOf(flags), patienceOf(flags), cli.signal);
      _progress[Symbol.dispose]();
      if (flags.json) cli.printJson(child);
      else cli.print(printableLine(child.hostname));
    },
  );
}

/** What it has, may see and reach; default: what its source had. */
function withSizeFlags(command: Command): Command {
  return command
    .option("--cpus <n>", "virtual CPUs; default: the source's", parseWhole(1))
    .option("--ram-mb <n>", "memory in MiB; default: the source's", parseWhole(1))
    .option("--secret <name>", "let it see this secret (repeat); default: the source's", collect)
    .option("--no-secrets", "let it see no secret")
    .option(
      "--allow <address>",
      "isolated groups: CIDR or host:port it may reach (repeat)",
      collect,
    )
    .option("--no-allow", "isolated groups: without such a list")
    .option(
      "--drop <address>",
      "isolated groups: CIDR or host:port it may not reach (repeat)",
      collect,
    )
    .option("--no-drop", "isolated groups: without such a list");
}

function specOf(flags: Flags): ForkSpec {
  const { cpus, ramMb, name, tag = [], replaceTags, persistent } = flags;
  const tags = [...(name === undefined ? [] : [friendlyTag(name)]), ...tag];
  return {
    ...(cpus === undefined ? {} : { vcpu: cpus }),
    ...(ramMb === undefined ? {} : { ram_bytes: ramMb * MIB }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(replaceTags ? { tag_mode: "replace" as const } : {}),
    ...(persistent === undefined ? {} : { persistent }),
    ...reachOf(flags),
    ...fixupsOf(flags),
  };
}

function reachOf({ secret, secrets, allow, drop }: Flags): ForkSpec {
  const names = secrets ? secret : [];
  const network = {
    ...(allow === undefined ? {} : { allow: allow === false ? [] : allow }),
    ...(drop === undefined ? {} : { drop: drop === false ? [] : drop }),
  };
  return {
    ...(names === undefined ? {} : { secrets: names }),
    ...(Object.keys(network).length === 0 ? {} : { network }),
  };
}

function fixupsOf({ fixup, fixups }: Flags): ForkSpec {
  if (!fixups) return { fixups: [] };
  return fixup === undefined ? {} : { fixups: fixup };
}

function patienceOf({ wait, timeout }: Flags): ForkOptions {
  return {
    ...(wait === undefined ? {} : { wait }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  };
}

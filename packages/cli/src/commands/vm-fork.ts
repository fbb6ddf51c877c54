/** `vm fork`: a VM that begins where another one is. */

import type { HostApi } from "@alcove/sdk";
import type { ForkOptions, ForkSpec } from "@alcove/sdk/commits.ts";
import type { LiveForked, LiveForkSpec } from "@alcove/sdk/live-fork.ts";
import { Command, Option } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { collect } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { parseDurationMs, parseWhole } from "../units.ts";
import { friendlyTag, hostnameOf } from "../vm-name.ts";

/** what every commit's id begins with, and no host name */
const COMMIT = "cmt-";
const MIB = 1024 * 1024;

interface Flags extends JsonFlag {
  readonly count?: number;
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
    .description("create a VM that begins where another is; prints its name")
    .argument(
      "<vm|commit>",
      `a VM that runs, which goes on; or a commit's id, as \`vm commit list\` shows it: ${COMMIT}…`,
    );
  withSizeFlags(command)
    .option("--count <n>", "of a VM: so many children, 1 to 16", parseWhole(1))
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
      const ofVm = !source.startsWith(COMMIT);
      checkFlags(flags, ofVm);
      using client = cli.client(self);
      using _progress = cli.progress(`Fork of ${printableLine(source)}`);
      if (ofVm) {
        const forked = await forkVm(cli, client, source, flags);
        _progress[Symbol.dispose]();
        return tell(cli, forked, flags);
      }
      const child = await client.commits.fork(source, specOf(flags), patienceOf(flags), cli.signal);
      _progress[Symbol.dispose]();
      if (flags.json) cli.printJson(child);
      else cli.print(printableLine(child.hostname));
    },
  );
}

/** A flag that would do nothing is a misunderstanding. */
function checkFlags({ count, cpus, ramMb, fixup, fixups, name }: Flags, ofVm: boolean): void {
  const more = count !== undefined && count > 1;
  if (!ofVm && count !== undefined) throw new UsageError("--count is for forks of a VM that runs");
  if (more && name !== undefined) throw new UsageError("--name is one VM's: leave --count out");
  if (!ofVm) return;
  if (cpus !== undefined || ramMb !== undefined) {
    throw new UsageError("--cpus and --ram-mb: a child of a VM that runs is as large as that is");
  }
  if (fixup !== undefined || !fixups) {
    throw new UsageError("--fixup and --no-fixups are for commits: a live child gets all of them");
  }
}

async function forkVm(cli: Cli, client: HostApi, name: string, flags: Flags): Promise<LiveForked> {
  const source = await hostnameOf(client, name, cli.signal);
  return await client.native.forkVm(source, liveSpecOf(flags), cli.signal);
}

/** @throws CommandError when there are fewer children than were asked for */
function tell(cli: Cli, forked: LiveForked, { json }: Flags): void {
  const { source, children, failures, pause_ms: pauseMs } = forked;
  if (json) cli.printJson(forked);
  else {
    for (const { hostname } of children) cli.print(printableLine(hostname));
    cli.say(`${printableLine(source)} stood still for ${Math.ceil(pauseMs)} ms`);
  }
  const [first] = failures;
  if (!first) return;
  const all = failures.length + children.length;
  const message = `${failures.length} of ${all} children are not there: ${printableLine(first.message)}`;
  throw new CommandError(message, EXIT.failed);
}

function liveSpecOf(flags: Flags): LiveForkSpec {
  const { count, persistent, replaceTags, wait, timeout } = flags;
  const tags = tagsOf(flags);
  return {
    ...(count === undefined ? {} : { count }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(replaceTags ? { tag_mode: "replace" as const } : {}),
    ...(persistent === undefined ? {} : { persistent }),
    ...reachOf(flags),
    ...(wait === undefined ? {} : { wait }),
    ...(timeout === undefined ? {} : { timeout_ms: timeout }),
  };
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
  const { cpus, ramMb, replaceTags, persistent } = flags;
  const tags = tagsOf(flags);
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

function tagsOf({ name, tag = [] }: Flags): readonly string[] {
  return [...(name === undefined ? [] : [friendlyTag(name)]), ...tag];
}

function reachOf({ secret, secrets, allow, drop }: Flags): Pick<ForkSpec, "secrets" | "network"> {
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

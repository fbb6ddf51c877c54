/** `vm cp`: files and directories into and out of a VM. */

import type { HostApi } from "@alcove/sdk";
import { Command, Option } from "commander";

import { type Cli, withConnection } from "../cli.ts";
import { copyIntoVm } from "../copy-in.ts";
import { copyOutOfVm } from "../copy-out.ts";
import { type CopyEnd, copyEnd } from "../copy-end.ts";
import type { CopyFlags } from "../copy-job.ts";
import { UsageError } from "../failure.ts";
import { collect } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { humanBytes, parseWhole } from "../units.ts";
import { hostnameOf } from "../vm-name.ts";

interface Flags extends CopyFlags {
  readonly recursive?: true;
}

export function vmCp(cli: Cli): Command {
  const command = new Command("cp")
    .description("copy files and directories into or out of a VM; - is standard input or output")
    .usage("[options] <source> <vm>:<path>  |  <vm>:<path> <target>")
    .argument("<source>")
    .argument("<target>")
    .option("-r, --recursive", "accepted as in cp; directories are copied whole without it too")
    .addOption(
      new Option("--mode <mode>", "default: tar for a directory, binary for a file").choices([
        "tar",
        "binary",
      ]),
    )
    .option("--uid <n>", "owner in the VM; default: its default user", parseWhole(0))
    .option("--gid <n>", "group in the VM", parseWhole(0))
    .option("--permissions <octal>", "permission bits of the copied files, such as 0644")
    .option("--exclude <glob>", "leave these out (repeat)", collect)
    .option("--no-ignore-files", "copy also what .alcoveignore and .slicerignore leave out");
  return withConnection(command).action(
    async (source: string, target: string, flags: Flags, self: Command) => {
      checkFlags(flags, copyEnd(source), copyEnd(target));
      using client = cli.client(self);
      const [from, to] = [
        await resolved(client, copyEnd(source), cli.signal),
        await resolved(client, copyEnd(target), cli.signal),
      ];
      let bytes = 0;
      using _progress = cli.progress("Copying", () => humanBytes(bytes));
      const watcher = {
        onBytes: (count: number) => void (bytes += count),
        onSkip: (path: string) =>
          cli.say(`alcove: ${printableLine(path)} left out: neither a file nor a directory`),
      };
      const { recursive: _, ...rest } = flags;
      const job = { client, flags: rest, watcher, signal: cli.signal };
      if (to.kind === "guest" && from.kind !== "guest") await copyIntoVm(job, from, to);
      else if (from.kind === "guest" && to.kind !== "guest") await copyOutOfVm(job, from, to);
      else throw new UsageError("One side, and only one, must be in a VM: write it as VM:PATH");
    },
  );
}

/** A friendly name becomes the host name. */
async function resolved(client: HostApi, end: CopyEnd, signal: AbortSignal): Promise<CopyEnd> {
  if (end.kind !== "guest") return end;
  return { ...end, hostname: await hostnameOf(client, end.hostname, signal) };
}

function checkFlags(flags: CopyFlags, from: CopyEnd, to: CopyEnd): void {
  if (flags.permissions !== undefined && !/^0?[0-7]{3,4}$/.test(flags.permissions)) {
    throw new UsageError("--permissions takes octal digits, such as 0644");
  }
  const owned = flags.uid !== undefined || flags.gid !== undefined;
  if (owned && from.kind === "guest" && to.kind !== "guest") {
    throw new UsageError("--uid and --gid are for copies into a VM");
  }
}

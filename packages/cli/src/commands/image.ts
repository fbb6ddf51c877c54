/** `image`: guest images are files of this machine, so the daemon's image tool does the work. */

import { Command } from "commander";

import type { Cli } from "../cli.ts";
import { becomeDaemonScript } from "../daemon-script.ts";

interface Verb {
  readonly name: string;
  /** Slicer's word for it */
  readonly alias?: string;
  readonly usage: string;
  readonly description: string;
  /** it can take minutes, so it is asked to say how far it is */
  readonly isLong?: true;
}

const VERBS: readonly Verb[] = [
  {
    name: "build",
    usage: "base|systemd|kernel-small [--fresh] [--json]",
    description: "build an image or the small kernel, unless it is there already",
    isLong: true,
  },
  { name: "ls", alias: "list", usage: "[--json]", description: "list images" },
  {
    name: "inspect",
    usage: "<image> [--verify] [--json]",
    description: "show an image's manifest; --verify reads its files again",
  },
  {
    name: "import",
    usage: "<name> <file> [--kernel debian-cloud|kernel-small] [--root <device>] [--json]",
    description: "make an image of a raw or qcow2 disk",
    isLong: true,
  },
  { name: "rm", alias: "remove", usage: "<image> [--json]", description: "remove an image" },
  { name: "prune", usage: "[--json]", description: "remove what no image needs any more" },
];

export function image(cli: Cli): Command {
  const command = new Command("image").description("guest images of this machine");
  for (const verb of VERBS) command.addCommand(handOver(cli, verb));
  return command;
}

/** The tool knows its own flags; here they are only passed on. */
function handOver(cli: Cli, { name, alias, usage, description, isLong }: Verb): Command {
  const command = alias === undefined ? new Command(name) : new Command(name).alias(alias);
  return command
    .description(description)
    .usage(usage)
    .argument("[words...]")
    .allowUnknownOption()
    .action((_words: string[], _flags: object, self: Command) => {
      const quiet = !isLong || self.args.includes("--json") || self.args.includes("--progress");
      becomeDaemonScript(
        "image-tool.ts",
        [name, ...self.args, ...(quiet ? [] : ["--progress"])],
        cli.env,
      );
    });
}

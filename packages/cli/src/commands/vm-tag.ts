/** `vm tag list`, `add`, `remove`, `replace`. */

import type { TagChange, VmTags } from "@alcove/sdk/resources.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { collect } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { onVm } from "./on-vm.ts";

interface Flags extends JsonFlag {
  readonly tag?: readonly string[];
}

export function vmTag(cli: Cli): Command {
  const command = new Command("tag").description("the tags of a VM");
  const list = new Command("list").alias("ls").description("print a VM's tags, one a line");
  command.addCommand(
    onVm(cli, withJson(list.argument("<vm>")), async ({ client, hostname }) => {
      const flags = list.opts<Flags>();
      print(cli, await client.tags(hostname, cli.signal), flags);
    }),
  );
  const add = new Command("add").description("add tags");
  add.requiredOption("--tag <tag>", "tag (repeat)", collect);
  command.addCommand(change(cli, add, (tags) => ({ add: tags })));
  const remove = new Command("remove").alias("rm").description("remove tags");
  remove.requiredOption("--tag <tag>", "tag (repeat)", collect);
  command.addCommand(change(cli, remove, (tags) => ({ remove: tags })));
  const replace = new Command("replace").description("leave only these tags; name=… always stays");
  replace.option("--tag <tag>", "tag (repeat); without one all others go", collect);
  command.addCommand(change(cli, replace, (tags) => ({ replace: tags })));
  return command;
}

function change(
  cli: Cli,
  command: Command,
  changeOf: (tags: readonly string[]) => TagChange,
): Command {
  return onVm(cli, withJson(command.argument("<vm>")), async ({ client, hostname }) => {
    const flags = command.opts<Flags>();
    const tags = flags.tag ?? [];
    print(cli, await client.changeTags(hostname, changeOf(tags), cli.signal), flags);
  });
}

function print(cli: Cli, answer: VmTags, { json }: Flags): void {
  if (json) cli.printJson(answer);
  else for (const tag of answer.tags) cli.print(printableLine(tag));
}

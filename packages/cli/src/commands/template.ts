/** `template`: guests that were booted once, for VMs to begin with their memory. */

import type { Template, TemplateList, TemplateOrder } from "@alcove/sdk/native-shapes.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { humanAge, humanBytes, parseWhole } from "../units.ts";

interface BuildFlags extends JsonFlag {
  readonly image?: string;
  readonly cpus?: number;
  readonly ramMb?: number;
  /** `false`: answer when it is under way */
  readonly wait: boolean;
}

const COLUMNS = [
  "ID",
  "IMAGE",
  "CPUS",
  "RAM",
  "NETWORK",
  "ON DISK",
  "IN MEMORY",
  "VMS",
  "USED",
  "BUILT",
];
const MIB = 1024 * 1024;

export function template(cli: Cli): Command {
  return new Command("template")
    .alias("templates")
    .description("booted guests that new VMs begin with, in place of a boot of their own")
    .addCommand(list(cli))
    .addCommand(build(cli))
    .addCommand(remove(cli));
}

function list(cli: Cli): Command {
  const command = new Command("ls")
    .alias("list")
    .description("list templates, and those that are being built");
  return withConnection(withJson(command)).action(async (flags: JsonFlag, self: Command) => {
    using client = cli.client(self);
    const all = await client.native.templates(cli.signal);
    if (flags.json) return cli.printJson(all);
    cli.print(templateTable(all, new Date()));
    if (!all.enabled) cli.say("VMs of this host do not begin with them: ALCOVE_TEMPLATES is off.");
  });
}

function build(cli: Cli): Command {
  const command = new Command("build")
    .description("build one for VMs of a host group, unless it is there; prints its id")
    .argument("[group]", "host group; default: the only one")
    .option("--image <name>", "image of the VMs; default: the group's")
    .option("--cpus <n>", "virtual CPUs of the VMs; default: the group's", parseWhole(1))
    .option("--ram-mb <n>", "memory of the VMs in MiB; default: the group's", parseWhole(1))
    .option("--no-wait", "return when it is under way");
  return withConnection(withJson(command)).action(
    async (group: string | undefined, flags: BuildFlags, self: Command) => {
      using client = cli.client(self);
      using _progress = cli.progress("Building a template");
      const ordered = await client.native.buildTemplate(orderOf(group, flags), cli.signal);
      _progress[Symbol.dispose]();
      if (flags.json) cli.printJson(ordered.isThere ? ordered.template : ordered.work);
      else if (ordered.isThere) cli.print(printableLine(ordered.template.id));
      else cli.say("It is being built; see `alcove template ls`.");
    },
  );
}

function remove(cli: Cli): Command {
  const command = new Command("rm")
    .alias("remove")
    .alias("delete")
    .description("remove templates; VMs that came from them live on")
    .argument("<template...>", "ids, as `template ls` has them");
  return withConnection(withJson(command)).action(
    async (ids: string[], flags: JsonFlag, self: Command) => {
      using client = cli.client(self);
      for (const id of ids) {
        const removed = await client.native.removeTemplate(id, cli.signal);
        if (flags.json) cli.printJson(removed);
        else cli.print(`${printableLine(removed.id)} removed`);
      }
    },
  );
}

function orderOf(
  group: string | undefined,
  { image, cpus, ramMb, wait }: BuildFlags,
): TemplateOrder {
  return {
    ...(group === undefined ? {} : { group }),
    ...(image === undefined ? {} : { image }),
    ...(cpus === undefined ? {} : { vcpus: cpus }),
    ...(ramMb === undefined ? {} : { memory_bytes: ramMb * MIB }),
    ...(wait ? {} : { wait }),
  };
}

function templateTable({ templates, under_way: underWay }: TemplateList, now: Date): string {
  const there = templates.map((one) => row(one, now));
  const coming = underWay.map((work) => [
    `(${work.state})`,
    ...shapeOf(work),
    "-",
    "-",
    "-",
    "-",
    `since ${humanAge(work.since, now).replace(/ ago$/, "")}`,
  ]);
  return table(COLUMNS, [...there, ...coming]);
}

function row(one: Template, now: Date): readonly string[] {
  const { id, state_bytes: state, layer_bytes: layer, held_bytes: held, vms } = one;
  return [
    id,
    ...shapeOf(one),
    humanBytes(state + layer),
    held === 0 ? "-" : humanBytes(held),
    String(vms),
    one.last_used_at === undefined ? "-" : humanAge(one.last_used_at, now),
    humanAge(one.built_at, now),
  ];
}

function shapeOf({
  image,
  vcpus,
  memory_bytes: memory,
  network,
}: Pick<Template, "image" | "vcpus" | "memory_bytes" | "network">): readonly string[] {
  return [image, String(vcpus), humanBytes(memory), network];
}

/** `vm list`: the VMs of a host. */

import type { Vm } from "@alcove/sdk/resources.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { table } from "../table.ts";
import { humanAge, humanBytes } from "../units.ts";

interface Flags extends JsonFlag {
  readonly tag?: string;
  readonly tagPrefix?: string;
}

const COLUMNS = ["HOSTNAME", "IP", "RAM", "CPUS", "STATUS", "CREATED", "TAGS"];

/** @param base the command to make into it, under its own name */
export function vmList(cli: Cli, base: Command = new Command("list").alias("ls")): Command {
  const command = base
    .description("list VMs")
    .argument("[group]", "only this host group")
    .option("--tag <tag>", "only VMs with exactly this tag")
    .option("--tag-prefix <text>", "only VMs with a tag that begins so");
  return withConnection(withJson(command)).action(
    async (group: string | undefined, flags: Flags, self: Command) => {
      using client = cli.client(self);
      const { tag, tagPrefix } = flags;
      const filter = {
        ...(group === undefined ? {} : { group }),
        ...(tag === undefined ? {} : { tag }),
        ...(tagPrefix === undefined ? {} : { tagPrefix }),
      };
      const vms = await client.listVms(filter, cli.signal);
      if (flags.json) cli.printJson(vms);
      else
        cli.print(
          table(
            COLUMNS,
            vms.map((vm) => row(vm, new Date())),
          ),
        );
    },
  );
}

function row(vm: Vm, now: Date): readonly string[] {
  return [
    vm.hostname,
    vm.ip || "-",
    humanBytes(vm.ram_bytes),
    String(vm.cpus),
    vm.status ?? "-",
    humanAge(vm.created_at, now),
    (vm.tags ?? []).join(",") || "-",
  ];
}

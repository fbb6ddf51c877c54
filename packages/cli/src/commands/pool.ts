/** `pool`: machines that are made ahead of VMs. */

import type { Pool } from "@alcove/sdk/native-shapes.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { table } from "../table.ts";
import { humanBytes } from "../units.ts";

const COLUMNS = ["GROUP", "SIZE", "WAITING", "MAKING", "CLAIMED", "MISSES", "MEMORY", "PROBLEM"];

export function pool(cli: Cli): Command {
  return new Command("pool")
    .alias("pools")
    .description("machines that are made ahead and wait for VMs of a host group")
    .addCommand(list(cli));
}

function list(cli: Cli): Command {
  const command = new Command("ls").alias("list").description("list the pools of host groups");
  return withConnection(withJson(command)).action(async (flags: JsonFlag, self: Command) => {
    using client = cli.client(self);
    const pools = await client.native.pools(cli.signal);
    if (flags.json) return cli.printJson(pools);
    cli.print(table(COLUMNS, pools.map(rowOf)));
    if (pools.length === 0)
      cli.say("No host group has one: see warm_pool in docs/configuration.md.");
  });
}

function rowOf(one: Pool): readonly string[] {
  const { group, size, waiting, making, claimed, misses } = one;
  const counts = [size, waiting, making, claimed, misses].map(String);
  return [group, ...counts, humanBytes(one.memory_bytes), one.problem ?? ""];
}

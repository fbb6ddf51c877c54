/** The `aleph` verbs: for who operates an Aleph node, and for owners of what it runs. */

import { Command } from "commander";

import type { Cli } from "../cli.ts";

const NAME = "aleph";

/**
 * Every other command starts faster without these verbs.
 * @param line words of the command line; only where they name it the verbs are loaded
 */
export async function aleph(cli: Cli, line: readonly string[]): Promise<Command> {
  const command = new Command(NAME).description(
    "an Aleph node: what it runs, its store of messages, how it is",
  );
  if (!line.includes(NAME)) return command;
  const { alephVerbs } = await import("./aleph-verbs.ts");
  for (const verb of alephVerbs(cli)) command.addCommand(verb);
  return command;
}

/** `vm logs`: the serial console of a VM. */

import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { printable } from "../printable.ts";
import { parseWhole } from "../units.ts";

interface Flags extends JsonFlag {
  readonly lines: number;
}

const DEFAULT_LINES = 20;

export function vmLogs(cli: Cli): Command {
  const command = new Command("logs")
    .description("print what a VM wrote on its serial console")
    .argument("<vm>")
    .option(
      "-n, --lines <n>",
      "how many of the last lines; 0 is all",
      parseWhole(0),
      DEFAULT_LINES,
    );
  return withConnection(withJson(command)).action(
    async (hostname: string, flags: Flags, self: Command) => {
      using client = cli.client(self);
      const logs = await client.logs(hostname, flags.lines, cli.signal);
      if (flags.json) return cli.printJson(logs);
      // A console is the guest's: on a terminal its escape sequences would be obeyed.
      const text = process.stdout.isTTY ? printable(logs.content) : logs.content;
      cli.print(text.replace(/\n$/, ""));
    },
  );
}

/** `vm logs`: the serial console of a VM. */

import { StringDecoder } from "node:string_decoder";

import { Command } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { printable } from "../printable.ts";
import { parseWhole } from "../units.ts";
import { writeOut } from "../write-out.ts";
import { onVm } from "./on-vm.ts";

interface Flags extends JsonFlag {
  readonly lines: number;
  readonly follow?: true;
}

const DEFAULT_LINES = 20;

export function vmLogs(cli: Cli): Command {
  const command = new Command("logs")
    .description("print what a VM wrote on its serial console")
    .argument("<vm>")
    .option("-n, --lines <n>", "how many of the last lines; 0 is all", parseWhole(0), DEFAULT_LINES)
    .option("-f, --follow", "go on with what it writes, until it is deleted or you press Ctrl-C");
  return onVm(cli, withJson(command), async ({ client, hostname }) => {
    const flags = command.opts<Flags>();
    const logs = await client.logs(hostname, flags.lines, cli.signal);
    if (flags.json) return cli.printJson(logs);
    cli.print(shown(logs.content).replace(/\n$/, ""));
    if (!flags.follow) return;
    const decoder = new StringDecoder("utf8");
    for await (const bytes of client.console(hostname, cli.signal)) {
      await writeOut(process.stdout, Buffer.from(shown(decoder.write(bytes))), cli.signal);
    }
  });
}

/** A console is the guest's: on a terminal its escape sequences would be obeyed. */
function shown(text: string): string {
  return process.stdout.isTTY ? printable(text) : text;
}

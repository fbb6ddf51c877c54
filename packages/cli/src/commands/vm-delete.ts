/** `vm delete`: stops a VM at once and removes its disk. */

import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { findVm } from "../host-group.ts";
import { printableLine } from "../printable.ts";

export function vmDelete(cli: Cli): Command {
  const command = new Command("delete")
    .alias("rm")
    .description("stop a VM at once and remove its disk")
    .argument("<vm>")
    .argument("[group]", "its host group; default: looked up");
  return withConnection(withJson(command)).action(
    async (hostname: string, group: string | undefined, flags: JsonFlag, self: Command) => {
      using client = cli.client(self);
      using _progress = cli.progress(`Deleting ${printableLine(hostname)}`);
      const hostgroup = group ?? (await findVm(client, hostname, cli.signal)).hostgroup;
      const answer = await client.deleteVm(hostgroup, hostname, cli.signal);
      _progress[Symbol.dispose]();
      if (flags.json) cli.printJson(answer);
      else cli.print(`${printableLine(hostname)} deleted`);
      if (answer.error) throw new CommandError(printableLine(answer.error), EXIT.failed);
    },
  );
}

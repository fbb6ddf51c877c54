/** `vm health`: does the agent in a VM answer, and what does it say of itself? */

import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { printableLine } from "../printable.ts";
import { humanDuration } from "../units.ts";

const NS_PER_MS = 1_000_000;

export function vmHealth(cli: Cli): Command {
  const command = new Command("health")
    .description("ask a VM's agent how it is; fails while it does not answer")
    .argument("<vm>");
  return withConnection(withJson(command)).action(
    async (hostname: string, flags: JsonFlag, self: Command) => {
      using client = cli.client(self);
      const health = await client.vmHealth(hostname, cli.signal);
      if (flags.json) return cli.printJson(health);
      const { userdata_ran: ran, userdata_exit_code: code } = health;
      const userdata = ran ? `done${code === undefined ? "" : ` (exit ${code})`}` : "not done";
      const lines = [
        `agent     ${health.agent_version}, up ${humanDuration(health.agent_uptime / NS_PER_MS)}`,
        `system    up ${humanDuration(health.system_uptime / NS_PER_MS)}`,
        `userdata  ${userdata}`,
      ];
      for (const line of lines) cli.print(printableLine(line));
    },
  );
}

/** `vm health` and `vm ready`: does the agent in a VM answer, and when? */

import { untilAgentAnswers, untilUserdataIsDone } from "@alcove/sdk/client/readiness.ts";
import { Command, Option } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { printableLine } from "../printable.ts";
import { humanDuration, parseDurationMs } from "../units.ts";
import { onVm } from "./on-vm.ts";

const NS_PER_MS = 1_000_000;
/** How long an agent is waited for unless a flag says otherwise, in `ms`. */
export const READY_TIMEOUT_MS = 300_000;
/** Between two questions whether it answers, in `ms`. */
export const READY_INTERVAL_MS = 100;

interface ReadyFlags extends JsonFlag {
  readonly agent?: true;
  readonly userdata?: true;
  readonly timeout: number;
  readonly interval: number;
}

export function vmHealth(cli: Cli): Command {
  const command = new Command("health")
    .description("ask a VM's agent how it is; fails while it does not answer")
    .argument("<vm>");
  return onVm(cli, withJson(command), async ({ client, hostname }) => {
    const { json } = command.opts<JsonFlag>();
    const health = await client.vmHealth(hostname, cli.signal);
    if (json) return cli.printJson(health);
    const { userdata_ran: ran, userdata_exit_code: code } = health;
    const userdata = ran ? `done${code === undefined ? "" : ` (exit ${code})`}` : "not done";
    const lines = [
      `agent     ${health.agent_version}, up ${humanDuration(health.agent_uptime / NS_PER_MS)}`,
      `system    up ${humanDuration(health.system_uptime / NS_PER_MS)}`,
      `userdata  ${userdata}`,
    ];
    for (const line of lines) cli.print(printableLine(line));
  });
}

export function vmReady(cli: Cli): Command {
  const command = new Command("ready")
    .description("wait until a VM's agent answers, or its first-boot script is done")
    .argument("<vm>")
    .option("--agent", "wait for the agent (default)")
    .option("--userdata", "wait for the first-boot script, which must succeed")
    .addOption(
      new Option("--timeout <duration>", "give up after this long")
        .argParser(parseDurationMs)
        .default(READY_TIMEOUT_MS, "5m"),
    )
    .addOption(
      new Option("--interval <duration>", "time between two questions")
        .argParser(parseDurationMs)
        .default(READY_INTERVAL_MS, "100ms"),
    );
  return onVm(cli, withJson(command), async ({ client, hostname }) => {
    const flags = command.opts<ReadyFlags>();
    using _progress = cli.progress(`Waiting for ${printableLine(hostname)}`);
    const until = flags.userdata ? untilUserdataIsDone : untilAgentAnswers;
    const { timeout: timeoutMs, interval: intervalMs } = flags;
    const health = await until(client, hostname, { timeoutMs, intervalMs, signal: cli.signal });
    _progress[Symbol.dispose]();
    if (flags.json) cli.printJson(health);
    else cli.print(`${printableLine(hostname)} ready`);
  });
}

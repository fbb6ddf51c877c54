/** `aleph usage`, `capability` and `status`: the node itself. */

import { Command } from "commander";

import { type NodeAnswer, type NodeClient, jsonIn } from "../aleph/node-client.ts";
import { onNode } from "../aleph/node-flags.ts";
import { capabilityRows, checkRows, type Row, settingRows, usageRows } from "../aleph/reports.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { table } from "../table.ts";

interface StatusFlags extends JsonFlag {
  readonly vm?: true;
}

/** not well, and the answer says what */
const CHECKED = [503];

export const NODE_VERBS = [usage, capability, status];

function usage(cli: Cli): Command {
  const command = new Command("usage").description("what of the node's machine is used and free");
  return report(cli, command, "/about/usage/system", usageRows);
}

function capability(cli: Cli): Command {
  const command = new Command("capability").description("what the node's machine is");
  return report(cli, command, "/about/capability", capabilityRows);
}

function report(
  cli: Cli,
  command: Command,
  path: string,
  rowsOf: (answer: unknown) => readonly Row[],
): Command {
  return onNode(cli, command, async ({ node }) => {
    const answer = await node.askJson({ method: "GET", path, audience: "anyone" }, cli.signal);
    if (command.opts<JsonFlag>().json) cli.printJson(answer);
    else print(cli, rowsOf(answer));
  });
}

function status(cli: Cli): Command {
  const command = new Command("status")
    .description(
      "how the node is set up, and whether it reaches the world; 1 when something is wrong",
    )
    .option("--vm", "also run the diagnostic VM, if the node has one");
  return onNode(cli, command, async ({ node }) => {
    const flags = command.opts<StatusFlags>();
    using progress = cli.progress("Checking the node");
    const path = "/status/config";
    const config = await node.askJson({ method: "GET", path, audience: "anyone" }, cli.signal);
    const [host, ipv6, programs] = await Promise.all([
      check(node, "/status/check/host", cli.signal),
      check(node, "/status/check/ipv6", cli.signal),
      flags.vm ? check(node, "/status/check/fastapi", cli.signal) : undefined,
    ]);
    progress[Symbol.dispose]();
    const found = {
      host: host.found,
      ipv6: ipv6.found,
      ...(programs ? { vm: programs.found } : {}),
    };
    if (flags.json) cli.printJson({ config, checks: found });
    else {
      const { host: families, ...others } = found;
      print(cli, [...settingRows(config), ...checkRows(families), ...checkRows(others)]);
    }
    if ([host, ipv6, programs].every((one) => one?.isWell !== false)) return;
    throw new CommandError("Not everything is well", EXIT.failed, { code: "not_well" });
  });
}

interface Check {
  readonly found: unknown;
  readonly isWell: boolean;
}

async function check(node: NodeClient, path: string, signal: AbortSignal): Promise<Check> {
  const request = { method: "GET", path, audience: "anyone", answers: CHECKED } as const;
  const answer: NodeAnswer = await node.ask(request, signal);
  return { found: jsonIn(answer, path), isWell: answer.status === 200 };
}

function print(cli: Cli, [first, ...others]: readonly Row[]): void {
  cli.print(table(first ?? [], others));
}

/** `aleph ports`: which ports of the host lead to a VM, and the owner's wishes about them. */

import { Command } from "commander";

import { type MappedPort, listExecutions, mappedPortsOf } from "../aleph/executions.ts";
import { completed, executionOf } from "../aleph/hashes.ts";
import type { NodeClient } from "../aleph/node-client.ts";
import { onNode } from "../aleph/node-flags.ts";
import { type PortWish, parsePort, protocolsOf, wishesAfter } from "../aleph/ports.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { table } from "../table.ts";

interface Flags extends JsonFlag {
  readonly open: readonly PortWish[];
  readonly close: readonly PortWish[];
  readonly refresh?: true;
}

export function alephPorts(cli: Cli): Command {
  const command = new Command("ports")
    .description("which ports of the host lead to a VM; --open and --close change them")
    .argument("<hash>")
    .option("--open <port>", "such as 80, 53/udp, 53/tcp+udp (repeat)", collectPort, [])
    .option("--close <port>", "as --open; 22 over TCP stays (repeat)", collectPort, [])
    .option("--refresh", "have the node read the owner's published wishes again");
  return onNode(cli, command, async ({ node, words: [text = ""] }) => {
    const flags = command.opts<Flags>();
    const { executions } = await listExecutions(node, "all", cli.signal);
    const hash = completed(text, executions.keys());
    const current = mappedPortsOf(executionOf(executions, hash));
    if (flags.open.length + flags.close.length > 0) {
      demandSomebody(node);
      await update(node, hash, { ports: wishesAfter(current, flags.open, flags.close) }, cli);
    } else if (flags.refresh) await update(node, hash, undefined, cli);
    else return show(cli, flags, current);
    const after = await listExecutions(node, "all", cli.signal);
    show(cli, flags, mappedPortsOf(executionOf(after.executions, hash)));
  });
}

/** The node takes wishes only from those it knows, and says nothing to others. */
function demandSomebody({ credentials }: NodeClient): void {
  if (credentials.kind !== "nobody") return;
  throw new CommandError(
    "Only the VM's owner and the node's administrator may do this.",
    EXIT.notAllowed,
    {
      code: "unauthenticated",
      advice: "Sign in with `alcove aleph sign-in --key-file FILE`, or give --token-file.",
    },
  );
}

async function update(
  node: NodeClient,
  hash: string,
  wishes: object | undefined,
  cli: Cli,
): Promise<void> {
  using _progress = cli.progress("Changing ports");
  const answer = await node.askJson(
    {
      method: "POST",
      path: `/control/machine/${hash}/update`,
      audience: "open",
      ...(wishes ? { json: wishes } : {}),
    },
    cli.signal,
  );
  const words = new Map<string, unknown>(Object.entries(Object(answer))).get("msg");
  if (typeof words === "string") cli.say(words);
}

function show(cli: Cli, { json }: JsonFlag, ports: readonly MappedPort[]): void {
  if (json) return cli.printJson(ports);
  const rows = ports.map((one) => [String(one.port), String(one.host), protocolsOf(one)]);
  cli.print(table(["PORT", "OF THE HOST", "OVER"], rows));
}

function collectPort(text: string, before: readonly PortWish[]): readonly PortWish[] {
  return [...before, parsePort(text)];
}

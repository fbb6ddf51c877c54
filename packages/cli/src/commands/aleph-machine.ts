/** `aleph stop`, `reboot`, `erase`, `expire`, `reinstall`: what is done to VMs of an Aleph node. */

import { Command } from "commander";

import { vmHashes } from "../aleph/hashes.ts";
import type { NodeClient, NodeRequest } from "../aleph/node-client.ts";
import { onNode } from "../aleph/node-flags.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { printableLine } from "../printable.ts";
import { complain } from "../several-failures.ts";
import { parseDurationMs } from "../units.ts";

type Order = Pick<NodeRequest, "query" | "json">;

interface Verb {
  readonly name: string;
  readonly description: string;
  readonly doing: string;
  /** adds the flags that only this one has */
  readonly flags?: (command: Command) => Command;
  readonly order?: (command: Command) => Order;
}

/** as the nodes of the network have it */
const EXPIRY_MS = 5_000;

const VERBS: readonly Verb[] = [
  {
    name: "stop",
    description: "stop VMs; their disks and ports stay theirs",
    doing: "Stopping",
  },
  {
    name: "reboot",
    description: "boot VMs anew on their disks, also those that are stopped",
    doing: "Rebooting",
  },
  {
    name: "erase",
    description: "stop VMs and remove all that the node keeps of them",
    doing: "Erasing",
  },
  {
    name: "expire",
    description: "have VMs stopped in a while; their ports are then given up",
    doing: "Expiring",
    flags: (command) =>
      command.option(
        "--in <duration>",
        "such as 90s or 1h; below ten days; default: 5s",
        parseDurationMs,
      ),
    order: (command) => ({
      json: { timeout: (command.opts<{ in?: number }>().in ?? EXPIRY_MS) / 1000 },
    }),
  },
  {
    name: "reinstall",
    description: "begin anew from the parent image, with the same ports and addresses",
    doing: "Reinstalling",
    flags: (command) => command.option("--keep-volumes", "all but the root disk stays"),
    order: (command) =>
      command.opts<{ keepVolumes?: true }>().keepVolumes ? { query: { erase_volumes: false } } : {},
  },
];

export function machineVerbs(cli: Cli): readonly Command[] {
  return VERBS.map((verb) => machineVerb(cli, verb));
}

function machineVerb(cli: Cli, { name, description, doing, flags, order }: Verb): Command {
  const bare = new Command(name).description(description).argument("<hash...>");
  const command = flags ? flags(bare) : bare;
  return onNode(cli, command, async ({ node, words }) => {
    using progress = cli.progress(`${doing} ${words.map(printableLine).join(", ")}`);
    const failures: unknown[] = [];
    const answers: object[] = [];
    for (const hash of await vmHashes(node, words, cli.signal)) {
      try {
        const answer = await done(node, hash, { name, ...order?.(command) }, cli.signal);
        answers.push({ hash, answer });
        if (!command.opts<JsonFlag>().json) cli.print(sentence(hash, answer));
      } catch (error) {
        cli.signal.throwIfAborted();
        failures.push(error);
      }
    }
    progress[Symbol.dispose]();
    if (command.opts<JsonFlag>().json && answers.length > 0) cli.printJson(answers);
    complain(failures);
  });
}

async function done(
  node: NodeClient,
  hash: string,
  { name, ...order }: Order & { readonly name: string },
  signal: AbortSignal,
): Promise<string> {
  const path = `/control/machine/${hash}/${name}`;
  const { text } = await node.ask({ method: "POST", path, audience: "owner", ...order }, signal);
  return printableLine(text);
}

/** The node's own words, in which the hash stands first. */
function sentence(hash: string, words: string): string {
  return `${hash}: ${words.replace(` with ref ${hash}`, "")}`;
}

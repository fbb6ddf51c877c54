/** `aleph logs`: what a VM of an Aleph node has written, and what it goes on to write. */

import { Command } from "commander";

import { vmHashes } from "../aleph/hashes.ts";
import { type LogEntry, pastEntries } from "../aleph/log-lines.ts";
import type { NodeClient } from "../aleph/node-client.ts";
import { onNode } from "../aleph/node-flags.ts";
import { watchedEntries } from "../aleph/watch-logs.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { printable, printableJson } from "../printable.ts";
import { writeOut } from "../write-out.ts";

interface Flags extends JsonFlag {
  readonly follow?: true;
}

export function alephLogs(cli: Cli): Command {
  const command = new Command("logs")
    .description("print what a VM has written")
    .argument("<hash>")
    .option("-f, --follow", "go on with what it writes, until it stops or you press Ctrl-C");
  return onNode(cli, command, async ({ node, words }) => {
    const flags = command.opts<Flags>();
    const [hash = ""] = await vmHashes(node, words, cli.signal);
    if (flags.follow) await follow(cli, node, hash, flags.json === true);
    else if (flags.json) await printList(cli, past(node, hash, cli.signal));
    else for await (const { MESSAGE } of past(node, hash, cli.signal)) await put(cli, MESSAGE);
  });
}

async function* past(
  node: NodeClient,
  hash: string,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, undefined> {
  const path = `/control/machine/${hash}/logs`;
  const answer = await node.open({ method: "GET", path, audience: "owner" }, signal);
  yield* pastEntries(answer.chunks());
  return undefined;
}

async function follow(cli: Cli, node: NodeClient, hash: string, asJson: boolean): Promise<void> {
  for await (const entry of watchedEntries(node, hash, cli.signal)) {
    const { type, message } = entry;
    if (asJson) await put(cli, printableJson(entry, 0));
    else if (type !== "system") await put(cli, message);
    if (type !== "system") continue;
    const words = printable(String(message));
    if (!/starting/.test(words)) {
      cli.say(words);
      continue;
    }
    throw new CommandError(words, EXIT.wrongState, { code: "starting" });
  }
}

/** One list, printed as it comes: it may be longer than memory. */
async function printList(cli: Cli, entries: AsyncIterable<LogEntry>): Promise<void> {
  let before = "[\n";
  for await (const entry of entries) {
    await writeOut(process.stdout, `${before}  ${printableJson(entry, 0)}`, cli.signal);
    before = ",\n";
  }
  await writeOut(process.stdout, before === "[\n" ? "[]\n" : "\n]\n", cli.signal);
}

/** A console is the guest's: on a terminal its escape sequences would be obeyed. */
async function put(cli: Cli, line: unknown): Promise<void> {
  const text = typeof line === "string" ? line : "";
  const shown = process.stdout.isTTY ? printable(text) : text;
  await writeOut(process.stdout, `${shown}\n`, cli.signal);
}

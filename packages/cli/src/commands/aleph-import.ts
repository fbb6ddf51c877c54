/** `aleph import`: messages, files and aggregates into a node's own store, by its administrator. */

import { createHash } from "node:crypto";

import { urlPath } from "@alcove/sdk/query.ts";
import { Command } from "commander";

import { demandHash } from "../aleph/hashes.ts";
import { readJsonFile } from "../aleph/json-file.ts";
import type { NodeClient } from "../aleph/node-client.ts";
import { onNode } from "../aleph/node-flags.ts";
import { CountedFile, factsOf, sha256Of } from "../aleph/uploads.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { humanBytes } from "../units.ts";

interface MessageFlags extends JsonFlag {
  readonly hash?: string;
}

interface FileFlags extends JsonFlag {
  readonly ref?: string;
}

const AUDIENCE = "administrator";

export function alephImport(cli: Cli): Command {
  return new Command("import")
    .description("bring messages, files and aggregates into the node's store")
    .addCommand(message(cli))
    .addCommand(file(cli))
    .addCommand(aggregate(cli));
}

function message(cli: Cli): Command {
  const command = new Command("message")
    .description("a message, or the bare content of one; prints its hash")
    .argument("<path>", "JSON; - is standard input")
    .option("--hash <hash>", "its hash; default: its item_hash, or the SHA-256 of a bare content");
  return onNode(cli, command, async ({ node, words: [path = ""] }) => {
    const flags = command.opts<MessageFlags>();
    const { bytes, value } = await readJsonFile(path, cli.signal);
    const own = value["item_hash"];
    const digest = (): string => createHash("sha256").update(bytes).digest("hex");
    const hash = demandHash(flags.hash ?? (typeof own === "string" ? own : digest()));
    const request = {
      method: "PUT",
      path: urlPath`/local/v0/messages/${hash}`,
      audience: AUDIENCE,
      json: value,
    } as const;
    const answer = await node.askJson(request, cli.signal);
    if (flags.json) return cli.printJson(answer);
    cli.print(hash);
    if (textIn(answer, "status") === "unchanged") cli.say("The node has had it already.");
  });
}

function file(cli: Cli): Command {
  const command = new Command("file")
    .description("a file that messages refer to, such as a root disk; prints its ref")
    .argument("<path>", "- is standard input")
    .option("--ref <hash>", "name it is referred to by; default: its SHA-256");
  return onNode(cli, command, async ({ node, words: [path = ""] }) => {
    const flags = command.opts<FileFlags>();
    if (path === "-" && flags.ref === undefined)
      throw new UsageError("What comes from standard input needs a name: say --ref HASH");
    const sizeBytes = path === "-" ? undefined : factsOf(path).sizeBytes;
    const ref = demandHash(flags.ref ?? (await digestOf(path, sizeBytes, cli)));
    const answer = await upload(node, { path, ref, sizeBytes }, cli);
    if (flags.json) cli.printJson(answer);
    else cli.print(ref);
  });
}

function aggregate(cli: Cli): Command {
  const command = new Command("aggregate")
    .description("an owner's aggregate, such as port-forwarding or security; replaces that key")
    .argument("<address>", "the owner's wallet")
    .argument("<key>")
    .argument("<path>", "JSON; - is standard input");
  return onNode(cli, command, async ({ node, words: [address = "", key = "", path = ""] }) => {
    const { value } = await readJsonFile(path, cli.signal);
    const request = {
      method: "PUT",
      path: urlPath`/local/v0/aggregates/${address}/${key}`,
      audience: AUDIENCE,
      json: value,
    } as const;
    const answer = await node.askJson(request, cli.signal);
    if (command.opts<JsonFlag>().json) cli.printJson(answer);
    else cli.print(`${address} ${key}`);
  });
}

interface Parcel {
  readonly path: string;
  readonly ref: string;
  readonly sizeBytes: number | undefined;
}

async function digestOf(path: string, sizeBytes: number | undefined, cli: Cli): Promise<string> {
  const counted = new CountedFile(path, cli.signal);
  using _progress = cli.progress("Reading the file", () => share(counted, sizeBytes));
  return await sha256Of(counted);
}

/** @throws CommandError when the node has got something else than was sent */
async function upload(
  node: NodeClient,
  { path, ref, sizeBytes }: Parcel,
  cli: Cli,
): Promise<unknown> {
  const counted = new CountedFile(path, cli.signal);
  using _progress = cli.progress("Sending the file", () => share(counted, sizeBytes));
  const type = "application/octet-stream";
  const request = {
    method: "PUT",
    path: urlPath`/local/v0/files/${ref}`,
    audience: AUDIENCE,
    upload: { pieces: counted.pieces(), sizeBytes, type },
  } as const;
  const answer = await node.askJson(request, cli.signal);
  const sent = counted.sha256();
  const kept = textIn(answer, "sha256") ?? sent;
  if (kept === sent) return answer;
  throw new CommandError(`The node has kept other bytes than were sent: ${kept}`, EXIT.failed, {
    advice: "The file may have changed meanwhile; import it again.",
  });
}

function share({ sentBytes }: CountedFile, sizeBytes: number | undefined): string {
  const sent = humanBytes(sentBytes);
  return sizeBytes === undefined ? sent : `${sent} of ${humanBytes(sizeBytes)}`;
}

function textIn(answer: unknown, name: string): string | undefined {
  const value = new Map<string, unknown>(Object.entries(Object(answer))).get(name);
  return typeof value === "string" ? value : undefined;
}

/** `secret`: what the host keeps for its VMs. Content never comes from the command line unless asked for. */

import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

import { AlcoveApiError, SecretExistsError } from "@alcove/sdk";
import type { Secret } from "@alcove/sdk/secrets.ts";
import { Command, Option } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { humanAge, parseWhole } from "../units.ts";

interface OwnershipFlags {
  readonly permissions?: string;
  readonly uid?: number;
  readonly gid?: number;
}

interface ContentFlags extends OwnershipFlags, JsonFlag {
  readonly fromFile?: string;
  readonly fromLiteral?: string;
}

export function secret(cli: Cli): Command {
  const command = new Command("secret").description("what the host keeps for its VMs");
  return command
    .addCommand(create(cli))
    .addCommand(list(cli))
    .addCommand(update(cli))
    .addCommand(remove(cli));
}

function create(cli: Cli): Command {
  const command = new Command("create")
    .description("keep a secret; its content is read from standard input unless a flag names it")
    .argument("<secret>", "its name: A-Z, a-z, 0-9, ., _ and -");
  return withConnection(withJson(withContent(command))).action(
    async (name: string, flags: ContentFlags, self: Command) => {
      using client = cli.client(self);
      const content = await contentFrom(flags);
      try {
        await client.secrets.create(name, content, ownershipOf(flags), cli.signal);
      } catch (error) {
        if (!(error instanceof SecretExistsError)) throw error;
        const again = `\`alcove secret update ${printableLine(name)}\` changes it`;
        throw new CommandError(
          `There is a secret ${printableLine(name)} already; ${again}`,
          EXIT.wrongState,
        );
      }
      done(cli, name, "created", flags);
    },
  );
}

function list(cli: Cli): Command {
  const command = new Command("list")
    .alias("ls")
    .description("list secrets; their content is never shown")
    .option("-v, --verbose", "exact times, too");
  return withConnection(withJson(command)).action(
    async (flags: JsonFlag & { readonly verbose?: true }, self: Command) => {
      using client = cli.client(self);
      const all = await client.secrets.list(cli.signal);
      if (flags.json) return cli.printJson(all);
      cli.print(flags.verbose ? wide(all) : narrow(all));
    },
  );
}

function update(cli: Cli): Command {
  const command = new Command("update")
    .description("change a secret: what no flag names stays; content also from a pipe")
    .argument("<secret>");
  return withConnection(withJson(withContent(command))).action(
    async (name: string, flags: ContentFlags, self: Command) => {
      using client = cli.client(self);
      const ownership = ownershipOf(flags);
      const isOnlyOwnership = Object.keys(ownership).length > 0 && !isContentNamed(flags);
      const content = isOnlyOwnership ? undefined : await contentFrom(flags);
      await client.secrets.update(name, content, ownership, cli.signal);
      done(cli, name, "updated; VMs that run have it when they synchronise", flags);
    },
  );
}

function remove(cli: Cli): Command {
  const command = new Command("remove")
    .alias("rm")
    .alias("delete")
    .description("forget secrets; VMs that run keep what they were given")
    .argument("<secret...>");
  return withConnection(withJson(command)).action(
    async (names: string[], flags: JsonFlag, self: Command) => {
      using client = cli.client(self);
      for (const name of names) {
        await client.secrets.delete(name, cli.signal).catch((error: unknown) => {
          if (!(error instanceof AlcoveApiError && error.status === 404)) throw error;
          throw new CommandError(`There is no secret ${printableLine(name)}`, EXIT.notFound);
        });
        done(cli, name, "removed", flags);
      }
    },
  );
}

function withContent(command: Command): Command {
  return command
    .addOption(
      new Option("--from-file <path>", "read the content from this file; - is standard input"),
    )
    .addOption(
      new Option(
        "--from-literal <text>",
        "this is the content (others can see it in `ps`)",
      ).conflicts("fromFile"),
    )
    .option("--permissions <octal>", "of its file in VMs; default 0600")
    .option("--uid <n>", "owner of its file in VMs; default 0", parseWhole(0))
    .option("--gid <n>", "group of its file in VMs; default 0", parseWhole(0));
}

function isContentNamed({ fromFile, fromLiteral }: ContentFlags): boolean {
  return fromFile !== undefined || fromLiteral !== undefined;
}

/** Byte for byte: a newline at the end of a file or a pipe is part of it. */
async function contentFrom(flags: ContentFlags): Promise<Uint8Array> {
  const { fromFile, fromLiteral } = flags;
  if (fromLiteral !== undefined) return Buffer.from(fromLiteral, "utf8");
  if (fromFile !== undefined && fromFile !== "-") return await contentOf(fromFile);
  if (fromFile === undefined && process.stdin.isTTY) {
    throw new UsageError("Where is the content? Name a file with --from-file, or pipe it in");
  }
  return await buffer(process.stdin);
}

async function contentOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The file of the secret cannot be read: ${why}`, { cause });
  }
}

function ownershipOf({ permissions, uid, gid }: OwnershipFlags): OwnershipFlags {
  return {
    ...(permissions === undefined ? {} : { permissions }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}

function done(cli: Cli, name: string, what: string, { json }: JsonFlag): void {
  if (json) cli.printJson({ name, result: what });
  else cli.print(`${printableLine(name)} ${what}`);
}

function narrow(secrets: readonly Secret[]): string {
  const now = new Date();
  const rows = secrets.map(({ name, size, permissions, uid, gid, modified_at }) => [
    name,
    String(size),
    permissions,
    `${uid}:${gid}`,
    humanAge(modified_at, now),
  ]);
  return table(["NAME", "BYTES", "MODE", "OWNER", "CHANGED"], rows);
}

function wide(secrets: readonly Secret[]): string {
  const rows = secrets.map(({ name, size, permissions, uid, gid, modified_at }) => [
    name,
    String(size),
    permissions,
    String(uid),
    String(gid),
    modified_at,
  ]);
  return table(["NAME", "BYTES", "MODE", "UID", "GID", "CHANGED"], rows);
}

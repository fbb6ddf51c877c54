/** `vm fs`: files of a VM by name, without running a command in it. */

import { Command } from "commander";

import { AlcoveApiError, type FsEntry } from "@alcove/sdk";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { copyEnd } from "../copy-end.ts";
import { UsageError, advising } from "../failure.ts";
import { collect } from "../launch-options.ts";
import { printableJson, printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { humanAge, parseDurationMs, parseWhole } from "../units.ts";
import { hostnameOf } from "../vm-name.ts";
import { writeOut } from "../write-out.ts";
import type { Target } from "./on-vm.ts";

interface MkdirFlags extends JsonFlag {
  readonly parents?: true;
  readonly mode?: string;
}

interface RemoveFlags extends JsonFlag {
  readonly recursive?: true;
}

interface WatchFlags extends JsonFlag {
  readonly recursive?: true;
  readonly event?: readonly ("create" | "write" | "remove" | "rename" | "chmod")[];
  readonly pattern?: readonly string[];
  readonly timeout?: number;
  readonly maxEvents?: number;
}

export function vmFs(cli: Cli): Command {
  const command = new Command("fs").description("files of a VM; each is written VM:PATH");
  for (const verb of [list, stat, mkdir, remove, watch]) command.addCommand(verb(cli));
  return command;
}

function list(cli: Cli): Command {
  const command = new Command("ls").description("list a directory");
  return onPath(cli, command, async ({ client, hostname, path }) => {
    const { json } = command.opts<JsonFlag>();
    const entries = await client.files.readDir(hostname, path, cli.signal);
    if (json) return cli.printJson(entries);
    const sorted = entries.toSorted((one, other) => one.name.localeCompare(other.name));
    cli.print(tableOf(sorted));
  });
}

function stat(cli: Cli): Command {
  const command = new Command("stat").description("say what a path is; a link is not followed");
  return onPath(cli, command, async ({ client, hostname, path }) => {
    const { json } = command.opts<JsonFlag>();
    const entry = await client.files.stat(hostname, path, cli.signal);
    if (json) cli.printJson(entry);
    else cli.print(tableOf([entry]));
  });
}

function mkdir(cli: Cli): Command {
  const command = new Command("mkdir")
    .description("make a directory")
    .option("-p, --parents", "its parents too, and no error when it exists")
    .option("-m, --mode <octal>", "permission bits; default 0755");
  return onPath(cli, command, async ({ client, hostname, path }) => {
    const flags = command.opts<MkdirFlags>();
    const { parents = false, mode } = flags;
    const options = { path, recursive: parents, ...(mode === undefined ? {} : { mode }) };
    await client.files.mkdir(hostname, options, cli.signal).catch((error: unknown) => {
      if (parents || !isRefused(error, 404)) throw error;
      throw advising(error, "With -p its parents are made, too.");
    });
    if (flags.json) cli.printJson({ hostname, path });
  });
}

function remove(cli: Cli): Command {
  const command = new Command("rm")
    .description("remove a file or an empty directory")
    .option("-r, --recursive", "also what a directory holds");
  return onPath(cli, command, async ({ client, hostname, path }) => {
    const flags = command.opts<RemoveFlags>();
    const { recursive = false } = flags;
    await client.files.remove(hostname, path, recursive, cli.signal).catch((error: unknown) => {
      const isFull = isRefused(error, 400) && error.message.includes("not empty");
      if (recursive || !isFull) throw error;
      throw advising(error, "With -r what it holds is removed, too.");
    });
    if (flags.json) cli.printJson({ hostname, path });
  });
}

/** By the guest itself, about a path; not by the host. */
function isRefused(error: unknown, status: number): error is AlcoveApiError {
  return (
    error instanceof AlcoveApiError && error.code === "guest_refused" && error.status === status
  );
}

function watch(cli: Cli): Command {
  const command = new Command("watch")
    .description("print what changes below a path, until Ctrl-C; --json prints one object a line")
    .option("-r, --recursive", "directories below, too")
    .option("--event <kind>", "only create, write, remove, rename or chmod (repeat)", collect)
    .option("--pattern <glob>", "only these names (repeat)", collect)
    .option("--timeout <duration>", "end after this long", parseDurationMs)
    .option("--max-events <n>", "end after so many", parseWhole(1));
  return onPath(cli, command, async ({ client, hostname, path }) => {
    const flags = command.opts<WatchFlags>();
    const { recursive, event, pattern, timeout, maxEvents, json } = flags;
    const options = {
      paths: [path],
      ...(recursive === undefined ? {} : { recursive }),
      ...(event === undefined ? {} : { events: event }),
      ...(pattern === undefined ? {} : { patterns: pattern }),
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
      ...(maxEvents === undefined ? {} : { maxEvents }),
    };
    for await (const change of client.files.watch(hostname, options, cli.signal)) {
      const line = json ? printableJson(change, 0) : printableLine(`${change.type} ${change.path}`);
      await writeOut(process.stdout, `${line}\n`, cli.signal);
    }
  });
}

function onPath(
  cli: Cli,
  command: Command,
  act: (target: Omit<Target, "words"> & { readonly path: string }) => Promise<void>,
): Command {
  withConnection(withJson(command.argument("<vm:path>")));
  return command.action(async () => {
    const end = copyEnd(command.args[0] ?? "");
    if (end.kind !== "guest") throw new UsageError("Write it as VM:PATH");
    using client = cli.client(command);
    const hostname = await hostnameOf(client, end.hostname, cli.signal);
    await act({ client, hostname, path: end.path });
  });
}

function tableOf(entries: readonly FsEntry[]): string {
  const now = new Date();
  const rows = entries.map(({ mode, type, size, mtime, name }) => [
    mode,
    type,
    String(size),
    humanAge(mtime, now),
    name,
  ]);
  return table(["MODE", "TYPE", "BYTES", "CHANGED", "NAME"], rows);
}

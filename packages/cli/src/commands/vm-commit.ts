/** `vm commit`, `vm commit list`, `vm commit delete`: disks of stopped VMs that are kept for others to begin with. */

import type { Commit } from "@alcove/sdk/commits.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { UsageError } from "../failure.ts";
import { collect } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { humanAge } from "../units.ts";
import { hostnameOf } from "../vm-name.ts";

interface CommitFlags extends JsonFlag {
  readonly cacheKey?: string;
  readonly tag?: readonly string[];
  readonly label?: readonly string[];
}

interface ListFlags extends JsonFlag {
  readonly cacheKey?: string;
  readonly tag?: readonly string[];
  readonly source?: string;
}

export function vmCommit(cli: Cli): Command {
  const command = new Command("commit")
    .description("keep the disk of a stopped VM, for others to begin with; prints the commit's id")
    .usage("[options] <vm>  |  list  |  delete <commit...>")
    .argument("<vm>")
    .option("--cache-key <key>", "a name for what is on the disk; no two commits have the same")
    .option("--tag <tag>", "tag (repeat)", collect)
    .option("--label <name=value>", "label (repeat)", collect)
    .enablePositionalOptions();
  withConnection(withJson(command)).action(
    async (name: string, flags: CommitFlags, self: Command) => {
      using client = cli.client(self);
      const spec = specOf(flags);
      const hostname = await hostnameOf(client, name, cli.signal);
      using _progress = cli.progress(`Commit of ${printableLine(hostname)}`);
      const commit = await client.commits.create(hostname, spec, cli.signal);
      _progress[Symbol.dispose]();
      if (flags.json) cli.printJson(commit);
      else cli.print(printableLine(commit.commit_id));
    },
  );
  return command.addCommand(list(cli)).addCommand(remove(cli));
}

function list(cli: Cli): Command {
  const command = new Command("list")
    .alias("ls")
    .description("list commits, oldest first")
    .option("--cache-key <key>", "only the one with this cache key")
    .option("--tag <tag>", "only those with this tag; repeated: with all of them", collect)
    .option("--source <vm>", "only those of this VM");
  return withConnection(withJson(command)).action(
    async ({ json, cacheKey, tag, source }: ListFlags, self: Command) => {
      using client = cli.client(self);
      const filter = {
        ...(cacheKey === undefined ? {} : { cache_key: cacheKey }),
        ...(tag === undefined ? {} : { tag }),
        ...(source === undefined ? {} : { source }),
      };
      const commits = await client.commits.list(filter, cli.signal);
      if (json) cli.printJson(commits);
      else cli.print(shown(commits));
    },
  );
}

function remove(cli: Cli): Command {
  const command = new Command("delete")
    .alias("rm")
    .description("give up commits; their source and its forks must be deleted first")
    .argument("<commit...>");
  return withConnection(withJson(command)).action(
    async (ids: string[], flags: JsonFlag, self: Command) => {
      using client = cli.client(self);
      for (const id of ids) {
        const answer = await client.commits.delete(id, cli.signal);
        if (flags.json) cli.printJson(answer);
        else cli.print(`${printableLine(id)} deleted`);
      }
    },
  );
}

function specOf({ cacheKey, tag, label }: CommitFlags) {
  return {
    ...(cacheKey === undefined ? {} : { cache_key: cacheKey }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(label === undefined ? {} : { labels: Object.fromEntries(label.map(labelOf)) }),
  };
}

function labelOf(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--label ${text}: write it as name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function shown(commits: readonly Commit[]): string {
  const now = new Date();
  const rows = commits.map((commit) => [
    commit.commit_id,
    commit.source_hostname,
    humanAge(commit.created_at, now),
    commit.cache_key ?? "",
    (commit.tags ?? []).join(","),
  ]);
  return table(["COMMIT", "SOURCE", "AGE", "CACHE KEY", "TAGS"], rows);
}

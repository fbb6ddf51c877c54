/** `info` and `version`: what runs here and there. */

import { Command } from "commander";

import { AlcoveConnectionError } from "@alcove/sdk";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { printableLine } from "../printable.ts";
import { CLI_VERSION } from "../version.ts";
import { groupTable } from "./vm-list.ts";

export function info(cli: Cli): Command {
  const command = new Command("info").description("what the daemon is, and its host groups");
  return withConnection(withJson(command)).action(async (flags: JsonFlag, self: Command) => {
    using client = cli.client(self);
    const host = await client.info(cli.signal);
    const groups = await client.hostGroups(cli.signal);
    const { endpoint } = client;
    if (flags.json) return cli.printJson({ ...host, endpoint, host_groups: groups });
    const { version: theirs, git_commit, platform = "?", arch = "?" } = host;
    cli.print(printableLine(`alcoved ${theirs} (${git_commit}) on ${platform}/${arch}`));
    cli.print(`at ${endpoint}\n`);
    cli.print(groupTable(groups));
  });
}

export function version(cli: Cli): Command {
  const command = new Command("version").description("the versions of this command and the daemon");
  return withConnection(withJson(command)).action(async (flags: JsonFlag, self: Command) => {
    using client = cli.client(self);
    const daemon = await client.info(cli.signal).catch((error: unknown) => {
      if (error instanceof AlcoveConnectionError) return undefined;
      throw error;
    });
    if (flags.json) return cli.printJson({ cli: CLI_VERSION, daemon: daemon ?? null });
    cli.print(`alcove   ${CLI_VERSION}`);
    const theirs = daemon ? `${daemon.version} (${daemon.git_commit})` : "not running";
    cli.print(`alcoved  ${printableLine(theirs)}`);
  });
}

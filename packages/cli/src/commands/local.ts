/** Commands that work on this machine without asking a daemon: `up` and `doctor`. */

import { Command } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { becomeDaemonScript } from "../daemon-script.ts";

const SETTINGS_NOTE = `
Settings are environment variables, ALCOVE_LISTEN_PORT and ALCOVE_STATE_DIR among them; the daemon
names those it does not know. Ctrl-C stops it.`;

export function up(cli: Cli): Command {
  return new Command("up")
    .description("run the daemon in the foreground")
    .addHelpText("after", SETTINGS_NOTE)
    .action(() => becomeDaemonScript("main.ts", [], cli.env));
}

export function doctor(cli: Cli): Command {
  const command = new Command("doctor").description(
    "say what this machine can do, what is missing and how to get it",
  );
  return withJson(command).action(({ json }: JsonFlag) =>
    becomeDaemonScript("doctor.ts", json ? ["--json"] : [], cli.env),
  );
}

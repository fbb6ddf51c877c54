/** Commands that work on this machine without asking a daemon: `up` and `doctor`. */

import { Command } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { becomeDaemonScript } from "../daemon-script.ts";

const SETTINGS_NOTE = `
FILE is a configuration as Slicer has it; \`alcove new NAME > FILE\` writes one. Without it there is one
host group. Other settings are environment variables, ALCOVE_LISTEN_PORT and ALCOVE_STATE_DIR among
them. What the daemon does not know, in the file or the environment, it names. Ctrl-C stops it.`;

export function up(cli: Cli): Command {
  return new Command("up")
    .description("run the daemon in the foreground")
    .argument("[file]", "configuration, such as slicer.yaml")
    .addHelpText("after", SETTINGS_NOTE)
    .action((file: string | undefined) =>
      becomeDaemonScript("main.ts", file === undefined ? [] : [file], cli.env),
    );
}

export function doctor(cli: Cli): Command {
  const command = new Command("doctor").description(
    "say what this machine can do, what is missing and how to get it",
  );
  return withJson(command).action(({ json }: JsonFlag) =>
    becomeDaemonScript("doctor.ts", json ? ["--json"] : [], cli.env),
  );
}

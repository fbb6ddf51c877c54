/** Commands that work on this machine without asking a daemon: `up`, `doctor`, `image`. */

import { Command } from "commander";

import type { Cli } from "../cli.ts";
import { type DaemonScript, becomeDaemonScript } from "../daemon-script.ts";

export function up(cli: Cli): Command {
  return handOver(cli, new Command("up"), "main.ts").description(
    "run the daemon in the foreground (Ctrl-C stops it)",
  );
}

export function doctor(cli: Cli): Command {
  return handOver(cli, new Command("doctor"), "doctor.ts").description(
    "say what this machine can do, what is missing and how to get it",
  );
}

export function image(cli: Cli): Command {
  return handOver(cli, new Command("image"), "image-tool.ts")
    .description("guest images of this machine: build, ls, inspect, rm, import")
    .usage("build|ls|inspect|rm|import [options]");
}

/** Every argument, `--help` too, is the program's own business. */
function handOver(cli: Cli, command: Command, script: DaemonScript): Command {
  return command
    .argument("[args...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((_args: string[], _options: object, self: Command) => {
      becomeDaemonScript(script, self.args, cli.env);
    });
}

/** `vm exec`: runs a command in a VM, with this terminal's streams and the command's exit status. */

import type { CommandSpec, ExecSpec } from "@alcove/sdk/exec.ts";
import { Command } from "commander";

import type { Cli } from "../cli.ts";
import { UsageError } from "../failure.ts";
import { runInGuest, stdinFor } from "../guest-command.ts";
import { collect } from "../launch-options.ts";
import { parseWhole } from "../units.ts";
import { onVm } from "./on-vm.ts";

export interface ExecFlags {
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly shell?: string;
  readonly interactive?: boolean;
}

export function vmExec(cli: Cli): Command {
  const command = new Command("exec")
    .description("run a command in a VM; write -- before the command")
    .usage("[options] <vm> -- <command...>")
    .argument("<vm>")
    .argument("<command...>");
  return onVm(cli, withExecFlags(command), async (target) => {
    const flags = command.opts<ExecFlags>();
    const { client, hostname, words } = target;
    process.exitCode = await runInGuest(client, hostname, execSpec(words, flags), cli.signal);
  });
}

export function withExecFlags(command: Command): Command {
  return withWhoAndWhere(command, "0 (root)").option(
    "-i, --interactive",
    "pass standard input on even from a terminal",
  );
}

/** @param user who runs it when nobody is named */
export function withWhoAndWhere(command: Command, user: string): Command {
  return command
    .option("--uid <n>", `user id; default: ${user}`, parseWhole(0))
    .option("--gid <n>", "group id; default: the user's", parseWhole(0))
    .option("--cwd <path>", "working directory; default: the user's home")
    .option("--env <name=value>", "environment variable (repeat)", collect)
    .option(
      "-s, --shell <path>",
      'run the command as a line of this shell; "" for no shell at all',
    );
}

export function execSpec(words: readonly string[], flags: ExecFlags): ExecSpec {
  return { ...commandSpec(words, flags), ...stdinFor(flags.interactive ?? false) };
}

/** @throws UsageError without a command */
export function commandSpec(words: readonly string[], flags: ExecFlags): CommandSpec {
  const [cmd, ...args] = words;
  if (cmd === undefined) throw new UsageError("Which command? Write it after --");
  return {
    cmd,
    ...(args.length === 0 ? {} : { args }),
    ...(flags.env === undefined ? {} : { env: environment(flags.env) }),
    ...(flags.cwd === undefined ? {} : { cwd: flags.cwd }),
    ...(flags.uid === undefined ? {} : { uid: flags.uid }),
    ...(flags.gid === undefined ? {} : { gid: flags.gid }),
    ...(flags.shell === undefined ? {} : { shell: flags.shell }),
  };
}

function environment(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map(nameAndValue));
}

function nameAndValue(pair: string): [string, string] {
  const at = pair.indexOf("=");
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new UsageError(`--env ${pair}: write it as NAME=VALUE`);
}

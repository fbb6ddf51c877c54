/** The `vm` verbs, and those that also stand at the top. */

import { Command } from "commander";

import type { Cli } from "../cli.ts";
import { vmCp } from "./vm-cp.ts";
import { vmDelete } from "./vm-delete.ts";
import { vmExec } from "./vm-exec.ts";
import { vmHealth } from "./vm-health.ts";
import { vmLaunch } from "./vm-launch.ts";
import { vmList } from "./vm-list.ts";
import { vmLogs } from "./vm-logs.ts";
import { vmPause, vmRelaunch, vmResume, vmShutdown } from "./vm-power.ts";
import { vmShell } from "./vm-shell.ts";
import { vmTag } from "./vm-tag.ts";

const VERBS = [
  vmLaunch,
  vmList,
  vmExec,
  vmShell,
  vmCp,
  vmLogs,
  vmHealth,
  vmPause,
  vmResume,
  vmShutdown,
  vmRelaunch,
  vmTag,
  vmDelete,
];

export function vm(cli: Cli): Command {
  const command = new Command("vm").alias("v").description("virtual machines");
  for (const verb of VERBS) command.addCommand(verb(cli));
  return command;
}

/** Short forms of what is typed most. */
export function vmShortcuts(cli: Cli): readonly Command[] {
  const list = new Command("ls");
  return [vmList(cli, list), vmShell(cli), vmCp(cli), vmLogs(cli), vmRelaunch(cli)];
}

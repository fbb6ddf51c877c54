/** The `vm` verbs, and those that also stand at the top. */

import { Command } from "commander";

import type { Cli } from "../cli.ts";
import { vmBg } from "./vm-bg.ts";
import { vmCp } from "./vm-cp.ts";
import { vmDelete } from "./vm-delete.ts";
import { vmExec } from "./vm-exec.ts";
import { vmForward } from "./vm-forward.ts";
import { vmFs } from "./vm-fs.ts";
import { INSIGHT_VERBS } from "./vm-insight.ts";
import { vmLaunch } from "./vm-launch.ts";
import { LIFE_VERBS, vmRelaunch } from "./vm-life.ts";
import { vmGroup, vmList } from "./vm-list.ts";
import { vmLogs } from "./vm-logs.ts";
import { vmShell } from "./vm-shell.ts";
import { vmTag } from "./vm-tag.ts";
import { vmTop } from "./vm-top.ts";

const VERBS = [
  vmLaunch,
  vmList,
  vmExec,
  vmBg,
  vmShell,
  vmCp,
  vmFs,
  vmForward,
  vmLogs,
  vmTop,
  ...INSIGHT_VERBS,
  ...LIFE_VERBS,
  vmTag,
  vmGroup,
  vmDelete,
];

export function vm(cli: Cli): Command {
  const command = new Command("vm")
    .alias("v")
    .description("virtual machines")
    .enablePositionalOptions(); // `vm commit` has flags of its own, and so has `vm commit list`
  for (const verb of VERBS) command.addCommand(verb(cli));
  return command;
}

/** Short forms of what is typed most. */
export function vmShortcuts(cli: Cli): readonly Command[] {
  const list = vmList(cli, new Command("ls"));
  const others = [vmShell, vmCp, vmLogs, vmForward, vmBg, vmTop, vmRelaunch];
  return [list, ...others.map((verb) => verb(cli))];
}

/** `vm launch`: creates a VM, and waits for it if asked to. */

import type { HostApi } from "@alcove/sdk";
import type { CreateOptions } from "@alcove/sdk/host-api.ts";
import { Command, Option } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { chooseGroup } from "../host-group.ts";
import { howItBegan, stepsTable } from "../how-it-began.ts";
import { type LaunchFlags, vmSpecFrom, withLaunchFlags } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { vmDetails } from "../vm-accounts.ts";
import { openShell } from "./vm-shell.ts";

interface Flags extends LaunchFlags, JsonFlag {
  readonly wait?: "agent" | "userdata" | true;
  readonly waitUserdata?: boolean;
  readonly shell?: true;
  readonly trace?: true;
}

export function vmLaunch(cli: Cli): Command {
  const command = new Command("launch")
    .alias("add")
    .description("create and boot a VM; prints its name")
    .argument("[group]", "host group; default: the only one");
  withLaunchFlags(command)
    .option("--persistent", "keep the disk when the VM stops")
    .addOption(
      new Option("--wait [what]", "return when the VM's agent, or its userdata script, is done")
        .choices(["agent", "userdata"])
        .preset("agent"),
    )
    .option("--wait-userdata", "same as --wait userdata")
    .addOption(new Option("--shell", "then open a terminal in it").conflicts("json"))
    .addOption(
      new Option("--trace", "wait for the agent, and show the steps of the start").conflicts(
        "json",
      ),
    );
  return withConnection(withJson(command)).action(launch);

  async function launch(group: string | undefined, flags: Flags, self: Command): Promise<void> {
    using client = cli.client(self);
    const wait = waitOf(flags);
    const spec = vmSpecFrom(flags);
    using _progress = cli.progress("Launching a VM");
    const groupName = await chooseGroup(client, group, cli.signal);
    const vm = await client
      .createVm(groupName, spec, patienceOf(flags), cli.signal)
      .catch((error: unknown) => {
        if (cli.signal.aborted) cli.say("The VM may go on booting; see `alcove vm list`.");
        throw error;
      });
    _progress[Symbol.dispose]();
    if (flags.json) cli.printJson(vm);
    else cli.print(printableLine(vm.hostname));
    if (wait === "userdata") await userdataMustHaveWorked(client, vm.hostname);
    if (flags.trace || (!flags.json && process.stderr.isTTY))
      await sayHowItBegan(cli, client, vm.hostname, flags);
    if (flags.shell) await openShell(client, vm.hostname, {}, cli.signal);
  }

  /** The VM is there and stays, but what was asked of its first boot did not happen. */
  async function userdataMustHaveWorked(client: HostApi, hostname: string): Promise<void> {
    const { userdata_exit_code: code } = await client.vmHealth(hostname, cli.signal);
    if (!code) return;
    const where = `its output is on the console: \`alcove vm logs ${printableLine(hostname)}\``;
    throw new CommandError(`The userdata script ended with status ${code}; ${where}`, EXIT.failed);
  }
}

/** On standard error: standard output has the name, and nothing else. */
async function sayHowItBegan(
  cli: Cli,
  client: HostApi,
  hostname: string,
  { trace }: Flags,
): Promise<void> {
  const details = await vmDetails(client, hostname, cli.signal);
  if (details) cli.say(cli.colours.dim(howItBegan(details)));
  if (trace) cli.say(details?.start ? stepsTable(details) : "This host traces no starts.");
}

function patienceOf(flags: Flags): CreateOptions {
  const [wait, { timeout }] = [waitOf(flags), flags];
  return {
    ...(wait === undefined ? {} : { wait }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  };
}

/** A terminal needs the agent, and a trace ends with it. */
function waitOf({ wait, waitUserdata, shell, trace }: Flags): "agent" | "userdata" | undefined {
  if (waitUserdata || wait === "userdata") return "userdata";
  return wait !== undefined || shell || trace ? "agent" : undefined;
}

/** `vm pause`, `vm resume`, `vm shutdown`, `vm relaunch`. */

import type { HostApi } from "@alcove/sdk";
import { Command, Option } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { printableLine } from "../printable.ts";

interface PowerFlags extends JsonFlag {
  /** of `shutdown` only */
  readonly action?: "shutdown" | "reboot";
}

export function vmPause(cli: Cli): Command {
  const command = new Command("pause").description("stop a VM's CPUs; its memory stays");
  return power(cli, command, "paused", (client, hostname) =>
    client.power.pause(hostname, cli.signal),
  );
}

export function vmResume(cli: Cli): Command {
  const command = new Command("resume").description("let a paused VM run on");
  return power(cli, command, "resumed", (client, hostname) =>
    client.power.resume(hostname, cli.signal),
  );
}

export function vmShutdown(cli: Cli): Command {
  const command = new Command("shutdown")
    .description("ask a VM to power off; one that is not persistent is then gone")
    .addOption(
      new Option("--action <what>", "power off or start again")
        .choices(["shutdown", "reboot"])
        .default("shutdown"),
    );
  return power(cli, command, "asked to shut down", (client, hostname, { action }) =>
    client.power.shutdown(hostname, action ?? "shutdown", cli.signal),
  );
}

export function vmRelaunch(cli: Cli): Command {
  const command = new Command("relaunch").description(
    "boot a persistent VM again that has stopped",
  );
  return power(cli, command, "relaunched", async (client, hostname) => {
    await client.power.relaunch(hostname, cli.signal);
  });
}

function power(
  cli: Cli,
  command: Command,
  done: string,
  act: (client: HostApi, hostname: string, flags: PowerFlags) => Promise<void>,
): Command {
  return withConnection(withJson(command.argument("<vm>"))).action(
    async (hostname: string, flags: PowerFlags, self: Command) => {
      using client = cli.client(self);
      using _progress = cli.progress(`${command.name()} of ${printableLine(hostname)}`);
      await act(client, hostname, flags);
      _progress[Symbol.dispose]();
      if (flags.json) cli.printJson({ hostname, result: done });
      else cli.print(`${printableLine(hostname)} ${done}`);
    },
  );
}

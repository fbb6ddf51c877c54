/** `vm pause`, `resume`, `suspend`, `restore`, `shutdown`, `relaunch`. */

import type { HostApi } from "@alcove/sdk";
import { untilAgentAnswers } from "@alcove/sdk/client/readiness.ts";
import { Command, Option } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { printableLine } from "../printable.ts";
import { parseDurationMs } from "../units.ts";
import { onVm } from "./on-vm.ts";
import { READY_INTERVAL_MS, READY_TIMEOUT_MS } from "./vm-health.ts";

interface PowerFlags extends JsonFlag {
  /** of `shutdown` only */
  readonly action?: "shutdown" | "reboot";
  /** of `restore` and `relaunch` only */
  readonly wait?: "agent" | true;
  readonly timeout?: number;
}

export function vmPause(cli: Cli): Command {
  const command = new Command("pause").description("stop a VM's CPUs; its memory stays");
  return power(cli, command, "paused", ({ power: it }, vm) => it.pause(vm, cli.signal));
}

export function vmResume(cli: Cli): Command {
  const command = new Command("resume").description("let a paused VM run on");
  return power(cli, command, "resumed", ({ power: it }, vm) => it.resume(vm, cli.signal));
}

export function vmSuspend(cli: Cli): Command {
  const command = new Command("suspend").description(
    "write a VM's memory to disk and give the host's back",
  );
  return power(cli, command, "suspended", ({ power: it }, vm) => it.suspend(vm, cli.signal));
}

export function vmRestore(cli: Cli): Command {
  const command = withWait(
    new Command("restore").description("let a suspended VM go on where it was"),
  );
  return power(cli, command, "restored", async ({ power: it }, vm, { wait, timeout }) => {
    const options = {
      ...(wait === undefined ? {} : ({ wait: "agent" } as const)),
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    };
    await it.restore(vm, options, cli.signal);
  });
}

export function vmShutdown(cli: Cli): Command {
  const command = new Command("shutdown")
    .description("ask a VM to power off; one that is not persistent is then gone")
    .addOption(
      new Option("--action <what>", "power off or start again")
        .choices(["shutdown", "reboot"])
        .default("shutdown"),
    );
  return power(cli, command, "asked to shut down", ({ power: it }, vm, { action }) =>
    it.shutdown(vm, action ?? "shutdown", cli.signal),
  );
}

export function vmRelaunch(cli: Cli): Command {
  const command = withWait(
    new Command("relaunch").description("boot a persistent VM again that has stopped"),
  );
  return power(cli, command, "relaunched", async (client, vm, { wait, timeout }) => {
    await client.power.relaunch(vm, cli.signal);
    if (wait === undefined) return;
    const timeoutMs = timeout ?? READY_TIMEOUT_MS;
    const patience = { timeoutMs, intervalMs: READY_INTERVAL_MS, signal: cli.signal };
    await untilAgentAnswers(client, vm, patience);
  });
}

function withWait(command: Command): Command {
  return command
    .addOption(
      new Option("--wait [what]", "return when the VM's agent answers")
        .choices(["agent"])
        .preset("agent"),
    )
    .option("--timeout <duration>", "give up waiting after this long", parseDurationMs);
}

function power(
  cli: Cli,
  command: Command,
  done: string,
  act: (client: HostApi, hostname: string, flags: PowerFlags) => Promise<void>,
): Command {
  return onVm(cli, withJson(command.argument("<vm>")), async ({ client, hostname }) => {
    const flags = command.opts<PowerFlags>();
    using _progress = cli.progress(`${command.name()} of ${printableLine(hostname)}`);
    await act(client, hostname, flags);
    _progress[Symbol.dispose]();
    if (flags.json) cli.printJson({ hostname, result: done });
    else cli.print(`${printableLine(hostname)} ${done}`);
  });
}

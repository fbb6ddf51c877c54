/** `vm forward`: ports and sockets of a guest on this machine, until Ctrl-C. */

import { once } from "node:events";

import type { ForwardListener } from "@alcove/sdk";
import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { UsageError, explain } from "../failure.ts";
import { collect } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { findVm } from "../vm-name.ts";

interface Flags extends JsonFlag {
  readonly local?: readonly string[];
}

const FORMS = `
A forward is written as one of:
  HOST:PORT                  both here and in the VM
  PORT:HOST:PORT             the first PORT here, on HOST; HOST:PORT in the VM
  HOST:PORT:HOST:PORT        here, and in the VM
  [HOST:]PORT:/SOCKET        a socket of the VM on a port here
  /SOCKET:/SOCKET            a socket of the VM on a socket here
Port 0 here is any free one; the address that was taken is printed.`;

export function vmForward(cli: Cli): Command {
  const command = new Command("forward")
    .description("make ports and sockets of a VM reachable here, until Ctrl-C")
    .argument("<vm>")
    .argument("[forward...]", "as with -L")
    .option("-L, --local <forward>", "what to forward (repeat)", collect)
    .addHelpText("after", FORMS);
  return withConnection(withJson(command)).action(
    async (name: string, words: string[], flags: Flags, self: Command) => {
      const specs = [...(flags.local ?? []), ...words];
      if (specs.length === 0)
        throw new UsageError("What is to be forwarded? Write -L PORT:HOST:PORT");
      using api = cli.client(self);
      const { hostname, hostgroup } = await findVm(api, name, cli.signal);
      using client = cli.sdkClient(self);
      const vm = client.vms.attach(hostgroup, hostname);
      await using forward = await vm.forward(specs, {
        signal: cli.signal,
        onError: (error, upstream) =>
          cli.say(`alcove: ${printableLine(upstream)}: ${explain(error).message}`),
      });
      if (flags.json) cli.printJson(forward.listeners);
      else for (const line of forward.listeners.map(describe)) cli.print(line);
      if (!cli.signal.aborted) await once(cli.signal, "abort");
      cli.signal.throwIfAborted();
    },
  );
}

function describe({ host, port, path, upstream }: ForwardListener): string {
  const here = path ?? `${host?.includes(":") ? `[${host}]` : host}:${port}`;
  return printableLine(`${here} -> ${upstream}`);
}

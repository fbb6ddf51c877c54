/** A verb on one VM: connects, finds out which VM is meant, and acts. */

import type { HostApi } from "@alcove/sdk";
import type { Command } from "commander";

import { type Cli, withConnection } from "../cli.ts";
import { hostnameOf } from "../vm-name.ts";

export interface Target {
  readonly client: HostApi<Buffer>;
  /** host name of the VM */
  readonly hostname: string;
  /** what stood on the command line after the VM's name */
  readonly words: readonly string[];
}

/** @param command whose first argument is the VM */
export function onVm(cli: Cli, command: Command, act: (target: Target) => Promise<void>): Command {
  return withConnection(command).action(async () => {
    const [name = "", ...words] = command.args;
    using client = cli.client(command);
    const hostname = await hostnameOf(client, name, cli.signal);
    await act({ client, hostname, words });
  });
}

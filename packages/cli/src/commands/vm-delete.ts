/** `vm delete`: stops VMs at once and removes their disks. */

import { Command } from "commander";

import type { HostApi } from "@alcove/sdk";
import type { DeletedVm, Vm } from "@alcove/sdk/resources.ts";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { complain } from "../several-failures.ts";
import { vmCalled } from "../vm-name.ts";

export function vmDelete(cli: Cli): Command {
  const command = new Command("delete")
    .alias("rm")
    .description("stop VMs at once and remove their disks")
    .usage("[options] <vm...>  |  <vm> <group>")
    .argument("<vm...>", "names; a single one may be followed by its host group");
  return withConnection(withJson(command)).action(
    async (names: string[], flags: JsonFlag, self: Command) => {
      using client = cli.client(self);
      using _progress = cli.progress(`Deleting ${names.map(printableLine).join(", ")}`);
      const wanted = await withoutGroup(client, names, cli.signal);
      const answers: DeletedVm[] = [];
      const failures: unknown[] = [];
      for (const name of wanted.names) {
        try {
          const { hostgroup, hostname } = vmCalled(name, wanted.vms);
          const answer = await client.deleteVm(hostgroup, hostname, cli.signal);
          answers.push(answer);
          if (!flags.json) cli.print(`${printableLine(hostname)} deleted`);
          if (answer.error) throw new CommandError(printableLine(answer.error), EXIT.failed);
        } catch (error) {
          cli.signal.throwIfAborted();
          failures.push(error);
        }
      }
      _progress[Symbol.dispose]();
      if (flags.json && answers.length > 0) cli.printJson(names.length > 1 ? answers : answers[0]);
      complain(failures);
    },
  );
}

interface Wanted {
  readonly names: readonly string[];
  readonly vms: readonly Vm[];
}

/** Slicer's command takes a VM and its group; two names that are no VM and its group are two VMs. */
async function withoutGroup(
  client: HostApi,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Wanted> {
  const vms = await client.listVms({}, signal);
  const [first = "", second] = names;
  const isVm = vms.some(({ hostname }) => hostname === second);
  if (names.length !== 2 || isVm) return { names, vms };
  const groups = await client.hostGroups(signal);
  if (!groups.some(({ name }) => name === second)) return { names, vms };
  return { names: [first], vms: vms.filter(({ hostgroup }) => hostgroup === second) };
}

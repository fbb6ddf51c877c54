/** `vm list`: the VMs of a host. `vm group`: its host groups. */

import type { VmSummary } from "@alcove/sdk/native-shapes.ts";
import type { HostGroup, Vm } from "@alcove/sdk/resources.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { table } from "../table.ts";
import { humanAge, humanBytes } from "../units.ts";
import { vmAccounts } from "../vm-accounts.ts";

interface Flags extends JsonFlag {
  readonly tag?: string;
  readonly tagPrefix?: string;
}

const COLUMNS = ["HOSTNAME", "IP", "RAM", "CPUS", "STATUS", "CREATED", "TAGS"];
/** beside RAM: what the host has given for it */
const MEMORY_COLUMNS = ["PRIVATE", "SHARED", "RESERVED"];

/** @param base the command to make into it, under its own name */
export function vmList(cli: Cli, base: Command = new Command("list").alias("ls")): Command {
  const command = base
    .description("list VMs")
    .argument("[group]", "only this host group")
    .option("--tag <tag>", "only VMs with exactly this tag")
    .option("--tag-prefix <text>", "only VMs with a tag that begins so");
  return withConnection(withJson(command)).action(
    async (group: string | undefined, flags: Flags, self: Command) => {
      using client = cli.client(self);
      const { tag, tagPrefix } = flags;
      const filter = {
        ...(group === undefined ? {} : { group }),
        ...(tag === undefined ? {} : { tag }),
        ...(tagPrefix === undefined ? {} : { tagPrefix }),
      };
      const vms = await client.listVms(filter, cli.signal);
      if (flags.json) return cli.printJson(vms);
      cli.print(vmTable(vms, await vmAccounts(client, cli.signal)));
    },
  );
}

export function vmGroup(cli: Cli): Command {
  const command = new Command("group").alias("groups").description("list host groups");
  return withConnection(withJson(command)).action(async (flags: JsonFlag, self: Command) => {
    using client = cli.client(self);
    const groups = await client.hostGroups(cli.signal);
    if (flags.json) cli.printJson(groups);
    else cli.print(groupTable(groups));
  });
}

export function groupTable(groups: readonly HostGroup[]): string {
  const rows = groups.map(({ name, ram_bytes, cpus, count }) => [
    name,
    humanBytes(ram_bytes),
    String(cpus),
    String(count),
  ]);
  return table(["GROUP", "MAX RAM", "MAX CPUS", "DECLARED"], rows);
}

/** @param accounts `undefined` where the host has none */
function vmTable(vms: readonly Vm[], accounts: ReadonlyMap<string, VmSummary> | undefined): string {
  const now = new Date();
  if (!accounts)
    return table(
      COLUMNS,
      vms.map((vm) => row(vm, now)),
    );
  const rows = vms.map((vm) =>
    row(vm, now).toSpliced(3, 0, ...memoryOf(accounts.get(vm.hostname))),
  );
  return table(COLUMNS.toSpliced(3, 0, ...MEMORY_COLUMNS), rows);
}

function memoryOf(account: VmSummary | undefined): readonly string[] {
  const { private_bytes, shared_bytes, reserved_bytes } = account?.memory ?? {};
  return [private_bytes, shared_bytes, reserved_bytes].map((bytes) =>
    bytes === undefined ? "-" : humanBytes(bytes),
  );
}

function row(vm: Vm, now: Date): readonly string[] {
  return [
    vm.hostname,
    vm.ip || "-",
    humanBytes(vm.ram_bytes),
    String(vm.cpus),
    statusOf(vm),
    humanAge(vm.created_at, now),
    (vm.tags ?? []).join(",") || "-",
  ];
}

/** A VM that does not run comes with the reason, where the host knows one. */
export function statusOf({ status = "-", status_reason: reason }: Vm): string {
  return status === "Running" || !reason ? status : `${status} (${reason})`;
}

/** `vm describe`: all that the host knows of a VM. */

import type { VmDetails } from "@alcove/sdk/native-shapes.ts";
import type { NetworkPolicy, VmDescription } from "@alcove/sdk/vm-description.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { whenceOf } from "../how-it-began.ts";
import { printableLine } from "../printable.ts";
import { humanAge, humanBytes, humanMilliseconds } from "../units.ts";
import { vmDetails } from "../vm-accounts.ts";
import { onVm } from "./on-vm.ts";
import { statusOf } from "./vm-list.ts";

export function vmDescribe(cli: Cli): Command {
  const command = new Command("describe")
    .alias("info")
    .description("say all that the host knows of a VM")
    .argument("<vm>");
  return onVm(cli, withJson(command), async ({ client, hostname }) => {
    const { json } = command.opts<JsonFlag>();
    const vm = await client.describeVm(hostname, cli.signal);
    if (json) return cli.printJson(vm);
    const details = await vmDetails(client, hostname, cli.signal);
    const own = details ? ownFacts(details) : [];
    const facts = [...factsOf(vm, new Date()), ...own, ...networkOf(vm), ...workOf(vm)];
    const width = Math.max(...facts.map(([name]) => name.length));
    for (const [name, value] of facts) {
      cli.print(`${name.padEnd(width)}  ${printableLine(value) || "-"}`);
    }
  });
}

type Fact = readonly [name: string, value: string];

function factsOf(vm: VmDescription, now: Date): readonly Fact[] {
  return [
    ["hostname", vm.hostname],
    ["group", vm.hostgroup],
    ["status", statusOf(vm)],
    ["created", `${humanAge(vm.created_at, now)} (${vm.created_at})`],
    ["size", `${vm.cpus} CPUs, ${humanBytes(vm.ram_bytes)}`],
    ["disk", diskOf(vm)],
    ["ip", vm.ip],
    ["tags", (vm.tags ?? []).join(", ")],
    ...(vm.commit_id ? [["commit", vm.commit_id] as const] : []),
    ...(vm.parent_commit_id ? [["forked from", vm.parent_commit_id] as const] : []),
  ];
}

/** What only Alcove's own API says. */
function ownFacts({ origin, start, memory, receipt }: VmDetails): readonly Fact[] {
  const { private_bytes: own, shared_bytes: shared, reserved_bytes: reserved } = memory;
  const promised = `${humanBytes(reserved)} reserved`;
  const use =
    own === undefined || shared === undefined
      ? promised
      : `${humanBytes(own)} its own, ${humanBytes(shared)} shared, ${promised}`;
  const time = start?.ready ? `, ready in ${humanMilliseconds(start.total_ms)}` : "";
  const last = start?.how === "restore" ? "; last restored" : "";
  return [
    ["began", `${whenceOf(origin)}${last}${time}`],
    ["memory", use],
    ...(receipt ? [["confirmed", confirmedBy(receipt)] as const] : []),
  ];
}

function confirmedBy(receipt: NonNullable<VmDetails["receipt"]>): string {
  const { machine_id: machineId, ssh_host_keys: keys, connections_cut: cut } = receipt;
  return `random generator reseeded, machine id ${machineId}, SSH host keys ${keys}, ${cut} connections cut`;
}

function diskOf({ image, storage, persistent }: VmDescription): string {
  return `from image ${image}, storage ${storage}${persistent ? ", kept when it stops" : ""}`;
}

function networkOf({ network }: VmDescription): readonly Fact[] {
  const { mode, policy_source: source, effective } = network;
  const whose = source === "vm" ? "the VM's own lists" : "the group's lists";
  const lists = listsOf(effective);
  return [["network", lists === "" ? mode : `${mode}, ${lists} (${whose})`]];
}

function listsOf({ allow, drop }: NetworkPolicy): string {
  const lists = [
    ["allow", ...allow],
    ["drop", ...drop],
  ];
  return lists
    .filter(({ length }) => length > 1)
    .map((words) => words.join(" "))
    .join(", ");
}

/** What goes on in it, as far as the host knows. */
function workOf({ open_agent_connections: open, bg_execs: execs }: VmDescription): readonly Fact[] {
  const commands = (execs ?? []).map(({ exec_id, state, command = "" }) =>
    [exec_id, state, command].filter(Boolean).join(" "),
  );
  return [
    ...(open === undefined ? [] : [["connections", String(open)] as const]),
    ...(execs === undefined ? [] : [["background", commands.join("; ")] as const]),
  ];
}

/** `vm describe`: all that the host knows of a VM. */

import type { NetworkPolicy, VmDescription } from "@alcove/sdk/vm-description.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { printableLine } from "../printable.ts";
import { humanAge, humanBytes } from "../units.ts";
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
    const facts = [...factsOf(vm, new Date()), ...networkOf(vm), ...workOf(vm)];
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

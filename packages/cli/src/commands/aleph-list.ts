/** `aleph list` and `records`: what a node runs, and what it has run. */

import { Command } from "commander";

import {
  type Execution,
  type ExecutionRow,
  type Executions,
  instantOf,
  listExecutions,
  listRecords,
  mappedPortsOf,
  stateOf,
} from "../aleph/executions.ts";
import { shortHashes } from "../aleph/hashes.ts";
import { onNode } from "../aleph/node-flags.ts";
import { portText } from "../aleph/ports.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { table } from "../table.ts";
import { humanAge, humanBytes } from "../units.ts";

interface ListFlags extends JsonFlag {
  readonly all?: true;
  readonly wide?: true;
}

interface RecordFlags extends JsonFlag {
  readonly active?: true;
  readonly wide?: true;
}

const MIB = 1024 * 1024;
const WIDE = "whole hashes";

export function alephList(cli: Cli): Command {
  const command = new Command("list")
    .alias("ls")
    .description("list what the node runs")
    .option("-a, --all", "also what was stopped and is kept")
    .option("-w, --wide", WIDE);
  return onNode(cli, command, async ({ node }) => {
    const flags = command.opts<ListFlags>();
    const which = flags.all ? "all" : "current";
    const { executions, answer } = await listExecutions(node, which, cli.signal);
    if (flags.json) return cli.printJson(answer);
    cli.print(executionTable(executions, flags.wide === true));
  });
}

export function alephRecords(cli: Cli): Command {
  const command = new Command("records")
    .description("list what the node has run, newest first")
    .option("--active", "only what is there now")
    .option("-w, --wide", WIDE);
  return onNode(cli, command, async ({ node }) => {
    const flags = command.opts<RecordFlags>();
    const rows = await listRecords(node, flags.active ? "active" : "all", cli.signal);
    if (flags.json) return cli.printJson(rows);
    cli.print(recordTable(rows, flags.wide === true));
  });
}

function executionTable(executions: Executions, isWide: boolean): string {
  const short = isWide ? String : shortHashes(executions.keys());
  const now = new Date();
  const rows = Array.from(executions, ([hash, one]) => [short(hash), ...cellsOf(one, now)]);
  return table(["HASH", "TYPE", "STATE", "IPV4", "IPV6", "PORTS", "STARTED"], rows);
}

function cellsOf(execution: Execution, now: Date): readonly string[] {
  const { networking, status, vm_type: type } = execution;
  const ports = mappedPortsOf(execution).map(portText);
  return [
    type,
    stateOf(execution),
    textOr(networking["ipv4_ip"]),
    textOr(networking["ipv6_ip"]),
    ports.join(",") || "-",
    ageOf(status["started_at"], now),
  ];
}

function recordTable(rows: readonly ExecutionRow[], isWide: boolean): string {
  const short = isWide ? String : shortHashes(rows.map(({ vm_hash }) => vm_hash));
  const now = new Date();
  const cells = rows.map((row) => [
    short(row.vm_hash),
    String(row.vm_id ?? "-"),
    String(row.vcpus ?? "-"),
    typeof row.memory === "number" ? humanBytes(row.memory * MIB) : "-",
    ageOf(row.time_defined, now),
    ageOf(row.time_started, now),
    ageOf(row.time_stopping, now),
  ]);
  return table(["HASH", "ID", "CPUS", "RAM", "DEFINED", "STARTED", "STOPPED"], cells);
}

function ageOf(time: unknown, now: Date): string {
  const instant = instantOf(time);
  return instant === undefined ? "-" : humanAge(instant, now);
}

function textOr(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : "-";
}

/** `aleph allocate` and `start`: what a node is to run. An allocation is the whole of it; a start adds one. */

import { Command } from "commander";

import { type AllocationPlan, allocationPlan } from "../aleph/allocation-plan.ts";
import {
  type AllocationReport,
  failureOf,
  reasonOf,
  reportFrom,
} from "../aleph/allocation-report.ts";
import { listExecutions, listRecords } from "../aleph/executions.ts";
import { completed, vmHashes } from "../aleph/hashes.ts";
import { readJsonFile } from "../aleph/json-file.ts";
import { type NodeAnswer, type NodeClient, jsonIn } from "../aleph/node-client.ts";
import { onNode } from "../aleph/node-flags.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { confirm } from "../confirm.ts";
import { UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { complain } from "../several-failures.ts";

interface Flags extends JsonFlag {
  readonly program: readonly string[];
  readonly nothing?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

interface StartFlags extends JsonFlag {
  readonly message?: string;
}

const ALLOCATIONS = "/control/allocations";
const NOTIFY = "/control/allocation/notify";
/** some or all did not start: the answer says which */
const REPORTS = [503];

export function alephAllocate(cli: Cli): Command {
  const command = new Command("allocate")
    .description("make the node run exactly these VMs: all others that were allocated are stopped")
    .argument("[hash...]", "instances")
    .option("--program <hash>", "a program that is to run all the time (repeat)", collect, [])
    .option("--nothing", "no VM at all")
    .option("--dry-run", "say what would change, and leave")
    .option("-y, --yes", "do not ask before VMs are stopped");
  return onNode(cli, command, async ({ node, words }) => {
    const flags = command.opts<Flags>();
    if ((words.length + flags.program.length === 0) !== (flags.nothing === true))
      throw new UsageError("Name the VMs that are to run, or say --nothing and name none");
    const { instances, programs, plan } = await planned(node, words, flags.program, cli.signal);
    if (flags.dryRun && flags.json) return cli.printJson(plan);
    tell(cli, plan);
    if (flags.dryRun) return;
    if (plan.stops.length > 0 && !flags.yes)
      await confirm(`Stop ${counted(plan.stops.length)}?`, cli.signal);
    const body = { persistent_vms: programs, instances };
    const answer = await allocate(node, body, cli);
    const report = reportFrom(answer, ALLOCATIONS, node);
    if (flags.json) cli.printJson(jsonIn(answer, ALLOCATIONS));
    else show(cli, report);
    complain([failureOf(report)].filter((failure) => failure !== undefined));
  });
}

export function alephStart(cli: Cli): Command {
  const command = new Command("start")
    .description("start one instance that its owner has published; nothing else is changed")
    .argument("<hash>")
    .option(
      "--message <path>",
      "file of its message, for a node that does not have it; - is input",
    );
  return onNode(cli, command, async ({ node, words }) => {
    const flags = command.opts<StartFlags>();
    const [hash = ""] = await vmHashes(node, words, cli.signal);
    const more =
      flags.message === undefined
        ? {}
        : { message: (await readJsonFile(flags.message, cli.signal)).value };
    using progress = cli.progress(`Starting ${hash}`);
    const answer = await node.ask(
      {
        method: "POST",
        path: NOTIFY,
        audience: "open",
        json: { instance: hash, ...more },
        answers: REPORTS,
      },
      cli.signal,
    );
    const report = reportFrom(answer, NOTIFY, node);
    progress[Symbol.dispose]();
    if (flags.json) cli.printJson(jsonIn(answer, NOTIFY));
    else if (report.failing.length === 0) cli.print(`${hash}: started`);
    complain([failureOf(report)].filter((failure) => failure !== undefined));
  });
}

interface Planned {
  readonly instances: readonly string[];
  readonly programs: readonly string[];
  readonly plan: AllocationPlan;
}

async function planned(
  node: NodeClient,
  words: readonly string[],
  programWords: readonly string[],
  signal: AbortSignal,
): Promise<Planned> {
  const [{ executions }, rows] = await Promise.all([
    listExecutions(node, "current", signal),
    listRecords(node, "all", signal),
  ]);
  const known = [...executions.keys(), ...rows.map(({ vm_hash }) => vm_hash)];
  const instances = words.map((word) => completed(word, known));
  const programs = programWords.map((word) => completed(word, known));
  const wanted = [...new Set([...instances, ...programs])];
  return { instances, programs, plan: allocationPlan(wanted, executions, rows) };
}

function tell(cli: Cli, { starts, keeps, stops, spared }: AllocationPlan): void {
  for (const hash of stops) cli.say(`would stop   ${printableLine(hash)}`);
  for (const hash of starts) cli.say(`would start  ${printableLine(hash)}`);
  for (const hash of keeps) cli.say(`runs         ${printableLine(hash)}`);
  for (const { hash, why } of spared) cli.say(`stays        ${printableLine(hash)}: ${why}`);
}

async function allocate(node: NodeClient, body: object, cli: Cli): Promise<NodeAnswer> {
  using _progress = cli.progress("Starting and stopping VMs");
  return await node.ask(
    {
      method: "POST",
      path: ALLOCATIONS,
      audience: "administrator",
      json: body,
      answers: REPORTS,
    },
    cli.signal,
  );
}

function show(cli: Cli, { stopped, successful, failing, errors }: AllocationReport): void {
  for (const hash of stopped) cli.print(`${printableLine(hash)}: stopped`);
  for (const hash of successful) cli.print(`${printableLine(hash)}: running`);
  for (const hash of failing)
    cli.print(`${printableLine(hash)}: failed: ${reasonOf(errors.get(hash))}`);
}

function counted(count: number): string {
  return count === 1 ? "this VM" : `these ${count} VMs`;
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/**
 * A daemon's start beside twenty running VMs that the daemon before it has left: from the spawn of
 * its process until it has answered, and until it has done something in a VM.
 *
 *     node_modules/.bin/node bench/restart.ts [--restarts N] [--print-only]
 *
 * Each round kills the daemon as a crash would. A host without VMs takes turns with the full one.
 */

import { asObjects, type JsonObject } from "../e2e/harness/json-value.ts";
import { retry, within } from "../packages/daemon/src/lib/patience.ts";
import { BenchHost, guestFacts } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import { inParallel } from "./harness/in-parallel.ts";
import { KeepAlive } from "./harness/keep-alive.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { medianMs, SeriesBook } from "./harness/series.ts";
import { progress } from "./harness/stopwatch.ts";

const VMS = 20;
const CREATES_AT_ONCE = 4;
const MEMORY_MIB = 256;
/** how often the new daemon is tried, in `ms`: what the answer can seem to be late */
const RETRY_EVERY_MS = 2;
const GIVE_UP_MS = 60_000;
/** what a daemon with its VMs may take until it has answered */
const GOAL_MS = 2_000;

const EMPTY = "no VM: GET /nodes answered";
const FULL = `${VMS} VMs: GET /nodes answered`;
const USED = `${VMS} VMs: exec of \`true\` in each answered`;

/** @param facts taken before anything was started */
export async function benchRestart(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.restarts === 0) return;
  const settings = { ALCOVE_MEMORY_OVERCOMMIT: "4" };
  await using empty = await BenchHost.open({ memoryMiB: MEMORY_MIB, settings }, signal);
  await using full = await BenchHost.open({ memoryMiB: MEMORY_MIB, settings }, signal);
  const create = (): Promise<string> => full.createVm();
  await inParallel({ times: VMS, atOnce: CREATES_AT_ONCE }, create, signal);
  const table = await restarts({ empty, full }, order.restarts, signal);
  await publish(
    {
      bench: "restart",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: guestFacts(full, MEMORY_MIB),
      tables: [table],
    },
    order.keep,
  );
}

async function restarts(
  { empty, full }: { readonly empty: BenchHost; readonly full: BenchHost },
  rounds: number,
  signal: AbortSignal,
): Promise<Table> {
  const book = new SeriesBook();
  const from = "from the spawn of the next daemon's process";
  book.announce({ name: EMPTY, measures: `${from} until its first answer, over its Unix socket` });
  book.announce({ name: FULL, measures: "the same, and all VMs are in the answer, adopted" });
  book.announce({ name: USED, measures: `${from} until something was done in every VM` });
  let adopted = VMS;
  for (let round = 1; round <= rounds; round += 1) {
    book.add(EMPTY, (await restart(empty, signal)).answeredMs);
    const { answeredMs, nodes, spawnedAt } = await restart(full, signal);
    book.add(FULL, answeredMs);
    adopted = Math.min(adopted, nodes.filter(({ status }) => status === "Running").length);
    await useAll(full, nodes, signal);
    book.add(USED, performance.now() - spawnedAt);
    progress("restarts", round, rounds);
  }
  const { rows } = book;
  const found = new Comparisons(rows);
  found.figure("VMs adopted by every daemon", adopted, "VMs", { atLeast: VMS });
  found.figure("The first request is served after", medianMs(book.row(FULL).ms), "ms", {
    atMost: GOAL_MS,
  });
  found.more(`${VMS} VMs add to a start without any`, FULL, EMPTY);
  return {
    title: `The start after a crash, with ${VMS} running VMs`,
    rows,
    comparisons: found.made,
  };
}

interface Restarted {
  readonly spawnedAt: number;
  readonly answeredMs: number;
  readonly nodes: readonly JsonObject[];
}

async function restart(host: BenchHost, signal: AbortSignal): Promise<Restarted> {
  await host.killDaemon();
  const spawnedAt = performance.now();
  host.spawnDaemon();
  using client = new KeepAlive({ socketPath: host.socketPath });
  const until = within(GIVE_UP_MS, signal);
  const list = await retry(() => client.get("/nodes", until), until, RETRY_EVERY_MS);
  const answeredMs = performance.now() - spawnedAt;
  await host.followed();
  return { spawnedAt, answeredMs, nodes: asObjects(JSON.parse(list)) };
}

/** One command in each VM, all at once. */
async function useAll(
  host: BenchHost,
  nodes: readonly JsonObject[],
  signal: AbortSignal,
): Promise<void> {
  const exec = async (at: number): Promise<void> => {
    using client = new KeepAlive({ socketPath: host.socketPath });
    const name = String(nodes[at]?.["hostname"]);
    await client.post(`/vm/${name}/exec?cmd=true&buffered=true`, signal);
  };
  await inParallel({ times: nodes.length, atOnce: nodes.length }, exec, signal);
}

if (import.meta.main) await runAsProgram(benchRestart);

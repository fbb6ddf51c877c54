/**
 * Many VMs at once: how many creates a host completes in a minute, one after the other and several at
 * a time, when each boots and when each is made from a template.
 *
 *     node_modules/.bin/node bench/throughput.ts [--creates N] [--print-only]
 *
 * They are all there at the end of a part, and deleted before the next.
 */

import { BenchHost, guestFacts } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import { inParallel } from "./harness/in-parallel.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { SeriesBook } from "./harness/series.ts";
import { progress, timed } from "./harness/stopwatch.ts";

const MEMORY_MIB = 256;
const MINUTE_MS = 60_000;
/** a guest takes what it touches: the nominal memory need not be there */
const settings = { ALCOVE_MEMORY_OVERCOMMIT: "8" };

/** @param facts taken before anything was started */
export async function benchThroughput(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.creates === 0) return;
  await using cold = await BenchHost.open({ memoryMiB: MEMORY_MIB, settings }, signal);
  await using warm = await BenchHost.open(
    { memoryMiB: MEMORY_MIB, templates: "on", settings },
    signal,
  );
  await warm.templateBuilt(signal);
  const table = await measured(
    [
      { host: cold, how: "boot" },
      { host: warm, how: "template" },
    ],
    order.creates,
    signal,
  );
  await publish(
    {
      bench: "throughput",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: guestFacts(cold, MEMORY_MIB),
      tables: [table],
    },
    order.keep,
  );
}

interface Maker {
  readonly host: BenchHost;
  readonly how: "boot" | "template";
}

async function measured(
  makers: readonly Maker[],
  creates: number,
  signal: AbortSignal,
): Promise<Table> {
  const book = new SeriesBook();
  const rates: { readonly says: string; readonly perMinute: number }[] = [];
  for (const atOnce of [1, 4]) {
    for (const { host, how } of makers) {
      const name = `${how}: create, ${atOnce} at a time`;
      book.announce({ name, measures: "one create with wait=agent, among the others under way" });
      await host.deleteVm(await host.createVm()); // not counted
      const tookMs = await timed(() =>
        inParallel(
          { times: creates, atOnce },
          async () => book.add(name, await timed(() => host.createVm())),
          signal,
        ),
      );
      rates.push({
        says: `${how}, ${atOnce} at a time`,
        perMinute: (creates / tookMs) * MINUTE_MS,
      });
      await deleteAll(host, signal);
      progress("parts of the throughput", rates.length, 2 * makers.length);
    }
  }
  const { rows } = book;
  const found = new Comparisons(rows);
  for (const { says, perMinute } of rates) found.figure(`VMs, ${says}`, perMinute, "a minute");
  return { title: `${creates} VMs, each way`, rows, comparisons: found.made };
}

async function deleteAll(host: BenchHost, signal: AbortSignal): Promise<void> {
  const names = (await host.nodes()).map((node) => String(node["hostname"]));
  const remove = (at: number): Promise<void> => host.deleteVm(String(names[at]));
  await inParallel({ times: names.length, atOnce: 4 }, remove, signal);
}

if (import.meta.main) await runAsProgram(benchThroughput);

/**
 * Making a VM from the memory of another, beside booting one: until something was done in it. By the
 * API, and by hand without Alcove.
 *
 *     node_modules/.bin/node bench/fork.ts [--forks N] [--print-only]
 *
 * All ways take turns. The first VM of each kind is not counted. At the end one of each kind is left
 * alone for some seconds, and what its QEMU has for itself is read.
 */

import { setTimeout as delay } from "node:timers/promises";

import { guestFacts } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { memoryOf, type ProcessMemory } from "./harness/process-memory.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { SeriesBook } from "./harness/series.ts";
import { progress } from "./harness/stopwatch.ts";
import {
  BARE_BOOT,
  BARE_FORK,
  COLD,
  type ForkWay,
  forkWays,
  LIVE,
  POOL,
  TEMPLATE,
} from "./ways/fork-ways.ts";
import { MEMORY_MIB, openForkScene } from "./ways/fork-scene.ts";

/** how long a VM is left alone before its memory is read, in `ms` */
const IDLE_MS = 3_000;

/** what design asks: a tenth of a cold boot, bare QEMU and 60 `ms`, a quarter of the memory */
const GOAL = { ofColdBoot: 0.1, overBareMs: 60, memoryPercent: 25 };

const PAUSE = {
  name: "… live fork: pause of the source",
  measures: "how long the VM that is forked stands still, as the answer says",
} as const;

/** @param facts taken before anything was started */
export async function benchFork(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.forks === 0) return;
  await using scene = await openForkScene(signal);
  const ways = forkWays(scene);
  const tables = [await times(ways, order.forks, signal), await memory(ways, signal)];
  await publish(
    {
      bench: "fork",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: guestFacts(scene.cold, MEMORY_MIB),
      tables,
    },
    order.keep,
  );
}

async function times(
  ways: readonly ForkWay[],
  rounds: number,
  signal: AbortSignal,
): Promise<Table> {
  const book = new SeriesBook();
  for (const way of ways) {
    book.announce(way);
    book.announce({ name: agentOf(way), measures: "of that, until its agent has answered" });
  }
  book.announce(PAUSE);
  for (let round = 0; round <= rounds; round += 1) {
    for (const way of ways) {
      signal.throwIfAborted();
      const made = await way.make("exec", signal);
      await made.end();
      if (round === 0) continue;
      book.add(way.name, made.readyMs);
      book.add(agentOf(way), made.agentMs);
      if (made.pauseMs !== undefined) book.add(PAUSE.name, made.pauseMs);
    }
    if (round > 0) progress("forks", round, rounds);
  }
  const { rows } = book;
  const found = new Comparisons(rows);
  found.times("From a template, of a cold boot", TEMPLATE, COLD, { atMost: GOAL.ofColdBoot });
  found.more("From a template, over QEMU's own fork", TEMPLATE, BARE_FORK, {
    atMost: GOAL.overBareMs,
  });
  found.times("From the pool, of a cold boot", POOL, COLD);
  found.more("From the pool, over QEMU's own fork", POOL, BARE_FORK);
  found.times("A live fork, of a cold boot", LIVE, COLD);
  found.times("QEMU's own fork, of its own boot", BARE_FORK, BARE_BOOT);
  return { title: "Until something was done in a new VM", rows, comparisons: found.made };
}

function agentOf({ name }: ForkWay): string {
  return `… ${name.split(":")[0]}: agent`;
}

/** One VM of each kind, in which nothing was done, all at once. */
async function memory(ways: readonly ForkWay[], signal: AbortSignal): Promise<Table> {
  await using alive = new AsyncDisposableStack();
  const pids = new Map<string, number>();
  for (const way of ways) {
    const made = await way.make("idle", signal);
    alive.defer(() => made.end());
    pids.set(way.name, made.pid());
  }
  await delay(IDLE_MS, undefined, { signal });
  const found = new Comparisons([]);
  const taken = new Map<string, ProcessMemory>();
  for (const [name, pid] of pids) {
    const own = await memoryOf(pid);
    taken.set(name, own);
    found.figure(`${name}: private memory of its QEMU`, own.privateMiB, "MiB");
    found.figure(`${name}: with its part of what is shared (PSS)`, own.proportionalMiB, "MiB");
  }
  const [fork, cold] = [taken.get(TEMPLATE)?.privateMiB, taken.get(COLD)?.privateMiB];
  if (fork !== undefined && cold !== undefined) {
    const says = "An idle VM from a template has for itself, of one that booted";
    found.figure(says, (fork / cold) * 100, "%", { atMost: GOAL.memoryPercent });
  }
  return { title: `Memory, idle for ${IDLE_MS / 1000} s`, rows: [], comparisons: found.made };
}

if (import.meta.main) await runAsProgram(benchFork);

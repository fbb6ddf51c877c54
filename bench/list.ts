/**
 * Listing a thousand VMs, beside listing none: what the API and the daemon's own books cost when the
 * VMs themselves cost nothing. The driver is the fake one, which boots nothing.
 *
 *     node_modules/.bin/node bench/list.ts [--lists N] [--print-only]
 *
 * Two daemons take turns, one with VMs and one without.
 */

import { asObjects } from "../e2e/harness/json-value.ts";
import { BenchHost } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import { inParallel } from "./harness/in-parallel.ts";
import { KeepAlive } from "./harness/keep-alive.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { medianMs, SeriesBook, worstOf } from "./harness/series.ts";
import { progress, timed } from "./harness/stopwatch.ts";

const VMS = 1_000;
const CREATES_AT_ONCE = 8;
const MIB = 2 ** 20;

/** Nothing runs, so nothing has to fit. */
const SETTINGS = {
  ALCOVE_HYPERVISOR: "fake",
  ALCOVE_MEMORY_OVERCOMMIT: "100",
  ALCOVE_CPU_OVERCOMMIT: "1000",
};
const MEMORY_MIB = 256;

const CREATE = "create";
const EMPTY = "GET /nodes, no VM";
const FULL = `GET /nodes, ${VMS} VMs`;
const ACCOUNTS = `GET /v1/vms?memory=none, ${VMS} VMs`;
const ONE = `GET /vm/…/health beside ${VMS} VMs`;

/** what a list of a thousand may take: three times the empty one and 10 `ms`, at the 99th percentile */
const GOAL = { times: 3, plusMs: 10, residentMiB: 250, accountsMs: 50 };

/** @param facts taken before anything was started */
export async function benchList(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.lists === 0) return;
  const table = await lists(order.lists, signal);
  await publish(
    {
      bench: "list",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: "none, the fake driver's",
      tables: [table],
    },
    order.keep,
  );
}

async function lists(rounds: number, signal: AbortSignal): Promise<Table> {
  const order = { memoryMiB: MEMORY_MIB, settings: SETTINGS };
  await using empty = await BenchHost.open(order, signal);
  await using full = await BenchHost.open(order, signal);
  const book = announced();
  const before = full.daemon.residentBytes;
  await fill(full, book, signal);
  const bytes = await takeTurns({ empty, full, book }, rounds, signal);
  const after = full.daemon.residentBytes;

  const { rows } = book;
  const found = new Comparisons(rows);
  found.times("The list, of an empty one", FULL, EMPTY);

  const slowest = worstOf(book.row(FULL).ms).ms;
  const bound = worstOf(book.row(EMPTY).ms).ms * GOAL.times + GOAL.plusMs;
  found.figure(
    "The list's p99, of three times the empty list's and 10 ms",
    (slowest / bound) * 100,
    "%",
    {
      atMost: 100,
    },
  );
  found.figure("The accounts of all, median", medianMs(book.row(ACCOUNTS).ms), "ms", {
    atMost: GOAL.accountsMs,
  });
  found.figure("Length of the list", bytes / 1024, "KiB");
  found.figure("Resident memory of the daemon, no VM", before / MIB, "MiB");
  const said = `Resident memory of the daemon, ${VMS} VMs, listed ${rounds} times`;
  found.figure(said, after / MIB, "MiB", { atMost: GOAL.residentMiB });
  return { title: `${VMS} VMs of the fake driver`, rows, comparisons: found.made };
}

function announced(): SeriesBook {
  const book = new SeriesBook();
  book.announce({
    name: CREATE,
    measures: `POST of a create until the fake agent is ready, ${CREATES_AT_ONCE} at a time`,
  });
  book.announce({
    name: EMPTY,
    measures: "over TCP on a connection that is kept, read to its end",
  });
  book.announce({ name: FULL, measures: "the same daemon with its books full" });
  book.announce({ name: ACCOUNTS, measures: "the same daemon, as the console shows them" });
  book.announce({ name: ONE, measures: "one VM's health: found among the others" });
  return book;
}

async function fill(host: BenchHost, book: SeriesBook, signal: AbortSignal): Promise<void> {
  const create = async (index: number): Promise<void> => {
    book.add(CREATE, await timed(() => host.createVm({ tags: [`number=${index}`] })));
    progress("VMs", index + 1, VMS);
  };
  await inParallel({ times: VMS, atOnce: CREATES_AT_ONCE }, create, signal);
  const { length } = await host.nodes();
  if (length !== VMS) throw new Error(`${length} VMs are listed, not ${VMS}`);
}

interface Pair {
  readonly empty: BenchHost;
  readonly full: BenchHost;
  readonly book: SeriesBook;
}

/** @returns the list's length, in bytes */
async function takeTurns({ empty, full, book }: Pair, rounds: number, signal: AbortSignal) {
  using few = new KeepAlive({ port: empty.port }, empty.token);
  using many = new KeepAlive({ port: full.port }, full.token);
  const one = `/vm/${String((await full.nodes())[VMS >> 1]?.["hostname"])}/health`;
  let list = "";
  for (let round = 0; round <= rounds; round += 1) {
    const took = [
      await timed(() => few.get("/nodes", signal)),
      await timed(async () => (list = await many.get("/nodes", signal))),
      await timed(() => many.get("/v1/vms?memory=none", signal)),
      await timed(() => many.get(one, signal)),
    ];
    if (round === 0) continue; // the code is read and compiled
    for (const [at, name] of [EMPTY, FULL, ACCOUNTS, ONE].entries())
      book.add(name, took[at] ?? Number.NaN);
    progress("lists", round, rounds);
  }
  const { length } = asObjects(JSON.parse(list));
  if (length !== VMS) throw new Error(`the list has ${length} VMs, not ${VMS}`);
  return Buffer.byteLength(list);
}

if (import.meta.main) await runAsProgram(benchList);

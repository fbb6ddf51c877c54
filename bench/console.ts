/**
 * The web console of a host with a thousand VMs: how soon its list is there, and what a page costs while one types,
 * scrolls and watches. The driver is the fake one, the browser Debian's Chromium.
 *
 *     node_modules/.bin/node bench/console.ts [--visits N] [--print-only]
 *
 * Times of the page's main thread are CPU time: what else the machine does is not in them.
 */

import { Browser, whyNoBrowser } from "../e2e/harness/browser.ts";
import type { Visit } from "../e2e/harness/browser-visit.ts";
import { WorkMeter } from "../e2e/harness/browser-work.ts";
import { BenchHost } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import { ConsoleVisit } from "./harness/console-visit.ts";
import { inParallel } from "./harness/in-parallel.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { SeriesBook } from "./harness/series.ts";
import { progress } from "./harness/stopwatch.ts";

const VMS = 1_000;
const CREATES_AT_ONCE = 8;
const MEMORY_MIB = 256;
/** VMs that come and go in each visit */
const COMING = 25;
const FILTER = "number=77";
const KIB = 1024;
const MIB = 2 ** 20;

/** Nothing runs, so nothing has to fit. */
const SETTINGS = {
  ALCOVE_HYPERVISOR: "fake",
  ALCOVE_MEMORY_OVERCOMMIT: "100",
  ALCOVE_CPU_OVERCOMMIT: "1000",
};

const FIRST = "the list, first visit";
const AGAIN = "the list, another time";
const KEY = "a key in the filter";
const PICTURE = "a picture while it scrolls";
const COME_AND_GO = "a VM that comes and goes";

/** a picture may take a sixtieth of a second, and what is fetched at first 400 KiB */
const GOAL = { pictureMs: 16, firstKiB: 400, heapMiB: 64 };

/** @param facts taken before anything was started */
export async function benchConsole(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.visits === 0) return;
  const why = whyNoBrowser();
  if (why !== undefined) return console.error(`The console is left out: ${why}`);
  const table = await visits(order.visits, signal);
  await publish(
    {
      bench: "console",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: "none, the fake driver's",
      tables: [table],
    },
    order.keep,
  );
}

async function visits(count: number, signal: AbortSignal): Promise<Table> {
  await using host = await BenchHost.open({ memoryMiB: MEMORY_MIB, settings: SETTINGS }, signal);
  const create = async (index: number): Promise<void> => {
    await host.createVm({ tags: [`number=${index}`] });
    progress("VMs", index + 1, VMS);
  };
  await inParallel({ times: VMS, atOnce: CREATES_AT_ONCE }, create, signal);
  const browser = await Browser.open();
  try {
    const book = announced();
    const sizes = { firstBytes: 0, heapBytes: 0 };
    for (let round = 1; round <= count; round += 1) {
      signal.throwIfAborted();
      const visit = await browser.visit(host.url, { motion: "no-preference" });
      Object.assign(sizes, await measured({ host, visit, book }, signal));
      await visit.end();
      progress("visits", round, count);
    }
    return { title: `${VMS} VMs in the console`, rows: book.rows, comparisons: found(book, sizes) };
  } finally {
    await browser.close();
  }
}

function announced(): SeriesBook {
  const book = new SeriesBook();
  book.announce({ name: FIRST, measures: "from the address until rows are there, nothing cached" });
  book.announce({ name: AGAIN, measures: "the same, its files in the browser's cache" });
  book.announce({
    name: KEY,
    measures: `CPU time of the page's main thread for a key of "${FILTER}", until it is drawn`,
  });
  book.announce({ name: PICTURE, measures: "the same for each picture, half a screen further" });
  book.announce({
    name: COME_AND_GO,
    measures: "the same for a VM that is made, becomes ready and is deleted, of many at once",
  });
  return book;
}

interface Round {
  readonly host: BenchHost;
  readonly visit: Visit;
  readonly book: SeriesBook;
}

interface Sizes {
  readonly firstBytes: number;
  readonly heapBytes: number;
}

async function measured({ host, visit, book }: Round, signal: AbortSignal): Promise<Sizes> {
  const page = new ConsoleVisit(visit);
  await page.signIn(host.token);
  const first = await page.opened();
  book.add(FIRST, first.ms);
  const again = await page.opened();
  book.add(AGAIN, again.ms);
  await page.settled();

  const share = async (name: string, work: () => Promise<number>): Promise<void> => {
    const meter = await WorkMeter.on(visit);
    const times = await work();
    book.add(name, (await meter.takeMs()) / times);
  };
  await share(KEY, () => page.typed(FILTER));
  await page.cleared();
  await share(PICTURE, () => page.scrolled());
  await share(COME_AND_GO, async () => {
    await inParallel(
      { times: COMING, atOnce: 4 },
      async () => await host.deleteVm(await host.createVm()),
      signal,
    );
    await page.settled();
    return COMING;
  });
  return { firstBytes: first.bytes, heapBytes: await page.heapBytes() };
}

function found(book: SeriesBook, { firstBytes, heapBytes }: Sizes) {
  const made = new Comparisons(book.rows);
  const times = book.row(PICTURE).ms;
  const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  made.figure(
    "A picture while it scrolls, of a sixtieth of a second",
    (mean / GOAL.pictureMs) * 100,
    "%",
    {
      atMost: 100,
    },
  );
  made.figure("Fetched at the first visit, beside the list", firstBytes / KIB, "KiB", {
    atMost: GOAL.firstKiB,
  });
  made.figure("The page's heap in the end", heapBytes / MIB, "MiB", { atMost: GOAL.heapMiB });
  return made.made;
}

if (import.meta.main) await runAsProgram(benchConsole);

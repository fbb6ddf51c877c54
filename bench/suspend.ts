/**
 * A VM whose memory goes to the disk and comes back: by the API, by QEMU alone, and by libvirt.
 *
 *     node_modules/.bin/node bench/suspend.ts [--suspends N] [--print-only]
 *
 * Twice: just booted, and with memory full of what cannot be compressed. The ways take turns; each
 * has one VM that goes there and back again and again.
 */

import { guestFacts } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { SeriesBook } from "./harness/series.ts";
import { progress, timed } from "./harness/stopwatch.ts";
import { openSuspendWays, rowsOf, type SuspendWay } from "./ways/suspend-ways.ts";

const MEMORY_MIB = 256;
/** what fits into a guest of that size beside itself */
const FILL_MIB = 96;

/** @param facts taken before anything was started */
export async function benchSuspend(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.suspends === 0) return;
  await using scene = await openSuspendWays(MEMORY_MIB, signal);
  const { ways } = scene;
  const fresh = await thereAndBack(
    "A guest that has just booted",
    { ways, rounds: order.suspends },
    signal,
  );
  for (const way of ways) await way.there?.fill(FILL_MIB, signal);
  const title = `A guest with ${FILL_MIB} MiB of random bytes in its memory`;
  const filled = await thereAndBack(title, { ways, rounds: order.suspends }, signal);
  await publish(
    {
      bench: "suspend",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: guestFacts(scene.host, MEMORY_MIB),
      tables: [fresh, filled],
    },
    order.keep,
  );
}

interface Turns {
  readonly ways: readonly SuspendWay[];
  readonly rounds: number;
}

async function thereAndBack(
  title: string,
  { ways, rounds }: Turns,
  signal: AbortSignal,
): Promise<Table> {
  const book = new SeriesBook();
  for (const direction of [0, 1] as const) {
    for (const way of ways) {
      const measures = direction === 0 ? way.measuresThere : way.measuresBack;
      const row = { name: rowsOf(way)[direction], measures };
      if (way.there) book.announce(row);
      else book.announceMissing(row, way.why);
    }
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of ways) {
      signal.throwIfAborted();
      const guest = way.there;
      if (!guest) continue;
      book.add(rowsOf(way)[0], await timed(() => guest.suspend(signal)));
      book.add(rowsOf(way)[1], await timed(() => guest.resume(signal)));
    }
    progress(title, round, rounds);
  }
  const { rows } = book;
  const found = new Comparisons(rows);
  for (const [at, verb] of ["suspend", "restore"].entries()) {
    found.more(`${verb}: Alcove adds to QEMU`, `${verb}: API`, `${verb}: bare QEMU`);
    const virsh = at === 0 ? "suspend: virsh save" : "restore: virsh restore";
    found.times(`${verb}: libvirt takes, of Alcove`, virsh, `${verb}: API`);
  }
  return { title, rows, comparisons: found.made };
}

if (import.meta.main) await runAsProgram(benchSuspend);

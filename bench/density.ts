/**
 * VMs until the host is full: what one takes of the host's memory when many of its kind are there,
 * and how the host answers then.
 *
 *     node_modules/.bin/node bench/density.ts [--density N] [--floor-mib N] [--print-only]
 *
 * Full is less available memory than the floor, a create that the daemon refuses for want of room, or
 * as many VMs as were asked for. VMs that boot are fewer, because they take longer.
 */

import { setTimeout as delay } from "node:timers/promises";

import { AlcoveFull, BenchHost, guestFacts } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import { KeepAlive } from "./harness/keep-alive.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { availableMiB, memoryOf } from "./harness/process-memory.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { medianMs, SeriesBook } from "./harness/series.ts";
import { progress, timed } from "./harness/stopwatch.ts";

const MEMORY_MIB = 256;
/** of the VMs that are made from a template, how many are booted */
const BOOTED_SHARE = 0.25;
/** how long all are left alone before they are looked at, in `ms` */
const IDLE_MS = 3_000;
const EXECS = 20;
const KIB_PER_MIB = 1024;
/** The memory that guests are promised need not be there: that is what is measured. */
const settings = { ALCOVE_MEMORY_OVERCOMMIT: "100", ALCOVE_CPU_OVERCOMMIT: "1000" };

/** @param facts taken before anything was started */
export async function benchDensity(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.density === 0) return;
  const tables: Table[] = [];
  let guest = "";
  for (const templates of ["off", "on"] as const) {
    await using host = await BenchHost.open({ memoryMiB: MEMORY_MIB, templates, settings }, signal);
    if (templates === "on") await host.templateBuilt(signal);
    const share = templates === "on" ? 1 : BOOTED_SHARE;
    const limit = Math.ceil(order.density * share);
    const how = templates === "on" ? "made from a template" : "that boot";
    tables.push(await filled({ host, how, limit, floorMiB: order.floorMiB }, signal));
    guest = guestFacts(host, MEMORY_MIB);
  }
  await publish(
    { bench: "density", takenAt: new Date().toISOString(), machine: facts, guest, tables },
    order.keep,
  );
}

interface Filling {
  readonly host: BenchHost;
  readonly how: string;
  /** VMs at most */
  readonly limit: number;
  readonly floorMiB: number;
}

const CREATE = "create, wait=agent";
const EXEC = "first exec of `true`";

async function filled(
  { host, how, limit, floorMiB }: Filling,
  signal: AbortSignal,
): Promise<Table> {
  const book = new SeriesBook();
  book.announce({
    name: CREATE,
    measures: "one after the other, beside all that are there already",
  });
  book.announce({
    name: EXEC,
    measures: "buffered, over the Unix socket, in one VM after the other",
  });
  const before = await availableMiB();
  const names: string[] = [];
  let end = `the limit of ${limit} VMs`;
  while (names.length < limit) {
    signal.throwIfAborted();
    if ((await availableMiB()) < floorMiB) {
      end = `less than ${floorMiB} MiB available memory`;
      break;
    }
    try {
      book.add(CREATE, await timed(async () => names.push(await host.createVm())));
    } catch (error) {
      if (!(error instanceof AlcoveFull)) throw error;
      end = `the daemon's refusal: ${error.message}`;
      break;
    }
    progress(`VMs ${how}`, names.length, limit);
  }
  await delay(IDLE_MS, undefined, { signal });
  const taken = before - (await availableMiB());
  const own = await privateMemory(host, names);
  await execs({ host, names, book }, signal);
  const { rows } = book;
  const found = new Comparisons(rows);
  found.figure(`VMs at once, ended by ${end}`, names.length, "VMs");
  found.figure("Memory that one takes of the host", taken / names.length, "MiB");
  found.figure("Private memory of one's QEMU (median)", medianMs(own), "MiB");
  found.figure("Memory of the daemon", host.daemon.residentBytes / KIB_PER_MIB ** 2, "MiB");
  return { title: `VMs ${how}`, rows, comparisons: found.made };
}

/** @returns of each VM, in MiB */
async function privateMemory(
  host: BenchHost,
  names: readonly string[],
): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of names) found.push((await memoryOf(host.machinePid(name))).privateMiB);
  return found;
}

interface Full {
  readonly host: BenchHost;
  readonly names: readonly string[];
  readonly book: SeriesBook;
}

async function execs({ host, names, book }: Full, signal: AbortSignal): Promise<void> {
  using client = new KeepAlive({ socketPath: host.socketPath });
  const step = Math.max(1, Math.floor(names.length / EXECS));
  for (let at = 0; at < names.length; at += step) {
    const path = `/vm/${names[at]}/exec?cmd=true&buffered=true`;
    book.add(EXEC, await timed(() => client.post(path, signal)));
  }
}

if (import.meta.main) await runAsProgram(benchDensity);

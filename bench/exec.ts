/**
 * Running a command in a guest and copying a file in and out: through Alcove, without it, and by
 * ssh and scp, taking turns in one run.
 *
 *     node_modules/.bin/node bench/exec.ts [--execs N] [--copies N] [--print-only]
 *
 * Each command that is measured follows one of its own kind that is not: right after something else
 * in the same guest (an ssh login above all) the first one takes several times as long. Of the
 * copies, the first round is not counted.
 */

import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import path from "node:path";

import { guestFacts } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { SeriesBook } from "./harness/series.ts";
import { progress, timed } from "./harness/stopwatch.ts";
import { type Cargo, type CopyWay, copyWays, rowsOf, settle } from "./ways/copy-ways.ts";
import { execWays } from "./ways/exec-ways.ts";
import { MEMORY_MIB, type Scene, setScene } from "./ways/scene.ts";

const MIB = 2 ** 20;
const CARGO_MIB = [64, 256] as const;

/** what is to be reached: `ms` over what the guest costs, and times faster than ssh and scp */
const GOAL = { overGuestMs: 2, sshTimes: 10, ofPort: 80, scpTimes: 2 };

/** @param facts taken before anything was started */
export async function benchExec(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.execs + order.copies === 0) return;
  await using scene = await setScene(signal);
  const tables = order.execs === 0 ? [] : [await commands(scene, order.execs, signal)];
  for (const sizeMiB of order.copies === 0 ? [] : CARGO_MIB) {
    tables.push(await copies(scene, { sizeMiB, rounds: order.copies }, signal));
  }
  await publish(
    {
      bench: "exec",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: guestFacts(scene.host, MEMORY_MIB),
      tables,
    },
    order.keep,
  );
}

async function commands(scene: Scene, rounds: number, signal: AbortSignal): Promise<Table> {
  using opened = new DisposableStack();
  const all = execWays(scene, opened);
  const book = new SeriesBook();
  for (const way of all) {
    if (way.notRun === undefined) book.announce(way);
    else book.announceMissing(way, way.notRun);
  }
  const ways = all.filter(({ notRun }) => notRun === undefined);
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of ways) {
      await way.once(signal);
      book.add(way.name, await timed(() => way.once(signal)));
    }
    progress("commands", round, rounds);
  }
  const { rows } = book;
  const found = new Comparisons(rows);
  const [api, bare] = ["API, TCP, buffered", "bare guest, agent"];
  found.more("The API adds to what the guest costs", api, bare, { atMost: GOAL.overGuestMs });
  found.times("A new ssh connection takes, of an exec over the API", "ssh, new connection", api, {
    atLeast: GOAL.sshTimes,
  });
  found.times(
    "A shared ssh connection takes, of an exec over the API",
    "ssh, shared connection",
    api,
  );
  found.times("A new ssh takes, of `alcove vm exec`", "ssh, new connection", "alcove vm exec");
  found.times("QEMU's guest agent takes, of an exec over the API", "QEMU guest agent", api);
  found.times("libvirt takes, of `alcove vm exec`", "virsh qemu-agent-command", "alcove vm exec");
  return { title: "exec of `true`", rows, comparisons: found.made };
}

interface CopyOrder {
  readonly sizeMiB: number;
  readonly rounds: number;
}

async function copies(
  scene: Scene,
  { sizeMiB, rounds }: CopyOrder,
  signal: AbortSignal,
): Promise<Table> {
  const bytes = sizeMiB * MIB;
  const { scratch } = scene.host.dirs;
  const cargo = { file: path.join(scratch, `cargo-${sizeMiB}`), bytes };
  await writeRandom(cargo);
  const ways = copyWays(scene);
  const book = new SeriesBook();
  for (const direction of [0, 1] as const) {
    for (const way of ways) {
      const measures = direction === 0 ? way.measuresIn : way.measuresOut;
      book.announce({ name: rowsOf(way)[direction], measures, bytes });
    }
  }
  for (let round = 0; round <= rounds; round += 1) {
    for (const way of ways) {
      const [into, out] = await thereAndBack(scene, way, cargo, signal);
      if (round === 0) continue;
      book.add(rowsOf(way)[0], into);
      book.add(rowsOf(way)[1], out);
    }
    if (round > 0) progress(`copies of ${sizeMiB} MiB`, round, rounds);
  }
  await rm(cargo.file);
  const { rows } = book;
  const found = new Comparisons(rows);
  for (const way of ["in", "out"]) {
    const [api, disk] = [`${way}: API, TCP`, `${way}: bare guest, agent, disk`];
    const [memory, port] = [`${way}: bare guest, agent, tmpfs`, `${way}: bare guest, raw port`];
    found.share(`${way}: the API carries, of the raw port`, api, port, { atLeast: GOAL.ofPort });
    found.share(`${way}: of the agent alone, on the same disk`, api, disk);
    found.share(`${way}: the agent alone without a disk carries, of the raw port`, memory, port);
    found.times(`${way}: scp takes, of the API`, `${way}: scp`, api, { atLeast: GOAL.scpTimes });
  }
  return { title: `cp of ${sizeMiB} MiB`, rows, comparisons: found.made };
}

/** @returns `ms` in and out. What came back is as long as what was sent, or this rejects. */
async function thereAndBack(
  scene: Scene,
  way: CopyWay,
  cargo: Cargo,
  signal: AbortSignal,
): Promise<[into: number, out: number]> {
  signal.throwIfAborted();
  const back = `${cargo.file}-back`;
  const into = await way.into(cargo, signal);
  const out = await way.out(cargo, back, signal);
  if (way.leaves !== undefined) {
    const { size } = await stat(back);
    if (size !== cargo.bytes) throw new Error(`${way.name} brought ${size} bytes back`);
    await rm(back);
  }
  await settle(scene, signal);
  return [into, out];
}

async function writeRandom({ file, bytes }: Cargo): Promise<void> {
  await using handle = await open(file, "wx");
  for (let left = bytes; left > 0; left -= MIB) await handle.write(randomBytes(MIB));
}

if (import.meta.main) await runAsProgram(benchExec);

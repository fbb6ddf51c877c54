/**
 * Cold boot: from a create over the API to a guest whose agent answers, beside the same guest
 * started by hand.
 *
 *     node_modules/.bin/node bench/boot.ts [--boots N] [--print-only]
 *
 * Both ways take turns, for each kernel that the image store has, so that whatever else the machine
 * does hits them alike. The first boot of each is not counted: it fills the page cache.
 */

import { asObjects } from "../e2e/harness/json-value.ts";
import { BareGuest } from "./harness/bare-guest.ts";
import { bootableKernels, IMAGE } from "./harness/bench-environment.ts";
import { BenchHost } from "./harness/bench-host.ts";
import { type BenchOrder, runAsProgram } from "./harness/command-line.ts";
import type { MachineFacts } from "./harness/machine-facts.ts";
import type { LibvirtDomain } from "./harness/libvirt-domain.ts";
import { publish } from "./harness/publish.ts";
import { Comparisons, type Table } from "./harness/report.ts";
import { SeriesBook } from "./harness/series.ts";
import { progress, timed } from "./harness/stopwatch.ts";
import { libvirtGuest } from "./ways/libvirt-guest.ts";

/** as small as the default image is meant to run */
const MEMORY_MIB = 256;

const ROWS = [
  {
    name: "request → QEMU runs",
    measures:
      "POST of a create until the phase `running` in the event log: HTTP, admission, store, disk, spawn, QMP",
  },
  {
    name: "QEMU runs → agent ready",
    measures:
      "from there until the create has answered: the guest boots, the agent is greeted and configured",
  },
  { name: "create, wait=agent", measures: "the whole request, the sum of both" },
  {
    name: "bare QEMU → HELLO answered",
    measures: "spawn of the same QEMU by hand until its agent has answered: no Alcove",
  },
  { name: "DELETE", measures: "until the machine, its disk and its record are gone" },
] as const;

const LIBVIRT = {
  name: "virsh define, start → guest agent answers",
  measures:
    "libvirt with the same kernel, image and memory, on the smallest machine that it knows, until QEMU's own guest agent answers",
} as const;

/** @param facts taken before anything was started */
export async function benchBoot(
  order: BenchOrder,
  facts: MachineFacts,
  signal: AbortSignal,
): Promise<void> {
  if (order.boots === 0) return;
  await using opened = new AsyncDisposableStack();
  const contests: Contest[] = [];
  for (const kernel of await bootableKernels()) {
    const host = await BenchHost.open({ memoryMiB: MEMORY_MIB, names: [IMAGE, kernel] }, signal);
    contests.push(new Contest(opened.use(host)));
  }
  // The kernel that a create takes by itself. One contest is enough to compare with.
  await contests.at(-1)?.challenge(opened, signal);
  for (const contest of contests) await contest.warmUp(signal);
  for (let round = 1; round <= order.boots; round += 1) {
    for (const contest of contests) await contest.round(signal);
    progress("boots", round, order.boots);
  }
  const accel = contests[0]?.host.qemuHost.accel;
  await publish(
    {
      bench: "boot",
      takenAt: new Date().toISOString(),
      machine: facts,
      guest: `image ${IMAGE}, 1 vCPU, ${MEMORY_MIB} MiB, ${accel === "kvm" ? "KVM" : "emulated (TCG)"}`,
      tables: contests.map((contest) => contest.table()),
    },
    order.keep,
  );
}

/** One kernel, booted both ways. */
class Contest {
  readonly host: BenchHost;
  readonly #book = new SeriesBook();
  #domain: LibvirtDomain | undefined;

  constructor(host: BenchHost) {
    this.host = host;
    for (const row of ROWS) this.#book.announce(row);
  }

  /** Has libvirt take part. What is started is closed by `opened`. */
  async challenge(opened: AsyncDisposableStack, signal: AbortSignal): Promise<void> {
    const domain = await libvirtGuest({ host: this.host, memoryMiB: MEMORY_MIB }, opened, signal);
    if ("why" in domain) {
      this.#book.announceMissing(LIBVIRT, domain.why);
      return;
    }
    this.#book.announce(LIBVIRT);
    this.#domain = domain.there;
  }

  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#create();
    await this.#bare(signal);
    if (this.#domain) await this.#libvirt(this.#domain, signal);
  }

  async round(signal: AbortSignal): Promise<void> {
    const { running, ready, deleted } = await this.#create();
    this.#book.add("request → QEMU runs", running);
    this.#book.add("QEMU runs → agent ready", ready - running);
    this.#book.add("create, wait=agent", ready);
    this.#book.add("DELETE", deleted);
    signal.throwIfAborted();
    this.#book.add("bare QEMU → HELLO answered", await this.#bare(signal));
    if (this.#domain) this.#book.add(LIBVIRT.name, await this.#libvirt(this.#domain, signal));
  }

  table(): Table {
    const { name, release, initramfsPath } = this.host.image.kernel;
    const rows = this.#book.rows;
    const comparisons = new Comparisons(rows);
    const ours = "create, wait=agent";
    comparisons.more("Alcove adds to the bare boot", ours, "bare QEMU → HELLO answered");
    comparisons.times("A create takes, of a bare boot", ours, "bare QEMU → HELLO answered");
    const challenged = rows.some((row) => row.name === LIBVIRT.name);
    if (challenged) comparisons.times("libvirt takes, of a create", LIBVIRT.name, ours);
    const drivers = initramfsPath === undefined ? "all built in" : "drivers in an initramfs";
    return {
      title: `Kernel ${name} (${release}, ${drivers})`,
      rows,
      comparisons: comparisons.made,
    };
  }

  /** @returns `ms` from the request to the phase, from the request to the answer, and for the delete */
  async #create(): Promise<{ running: number; ready: number; deleted: number }> {
    const askedAt = Date.now(); // the event log has the same clock, in whole `ms`
    let hostname = "";
    const ready = await timed(async () => {
      hostname = await this.host.createVm();
    });
    const running = (await this.#runningAt(hostname)) - askedAt;
    const deleted = await timed(() => this.host.deleteVm(hostname));
    return { running, ready, deleted };
  }

  async #runningAt(hostname: string): Promise<number> {
    const events = asObjects((await this.host.api.get("/v1/events")).json);
    const event = events.find((it) => it["hostname"] === hostname && it["phase"] === "running");
    if (!event) throw new Error(`the event log does not say when ${hostname} began to run`);
    return Date.parse(String(event["at"]));
  }

  async #libvirt(domain: LibvirtDomain, signal: AbortSignal): Promise<number> {
    const took = await timed(() => domain.boot(signal));
    await domain.end(signal);
    return took;
  }

  async #bare(signal: AbortSignal): Promise<number> {
    const { qemuHost, image, dirs } = this.host;
    const scratch = dirs.scratch;
    await using guest = await BareGuest.prepare({
      qemuHost,
      image,
      memoryMiB: MEMORY_MIB,
      scratch,
    });
    // The session ends with the guest. Awaited here, because the guest ends with this function.
    return await timed(() => guest.boot(signal));
  }
}

if (import.meta.main) await runAsProgram(benchBoot);

/** How VMs begin, and how long the steps of that take. */

import { Counter, Gauge, Histogram, type Registry } from "prom-client";

import type { TemplateDesk } from "#core/template/template-desk.ts";
import type { Vms } from "#core/vm/vms.ts";

/** a fork is ready in a tenth of a second, a boot in seconds */
const STEP_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts for as long as the daemon runs. */
export function startMeters(registers: Registry[], vms: Pick<Vms, "news">): void {
  const starts = new Counter({
    name: "alcove_vm_starts_total",
    help: "Starts of VMs whose agents became ready, by where their memory came from",
    labelNames: ["how"],
    registers,
  });
  const steps = new Histogram({
    name: "alcove_vm_start_step_seconds",
    help: "How long the steps of those starts took, one after the other",
    labelNames: ["step", "how"],
    buckets: STEP_BUCKETS_S,
    registers,
  });
  vms.news.ready.listen(({ how = "boot", steps: taken }) => {
    starts.inc({ how });
    for (const { name, ms } of taken) steps.observe({ step: name, how }, ms / 1_000);
  });
}

/** What there is when somebody asks. */
export function templateGauges(registers: Registry[], desk: TemplateDesk): void {
  const count: Gauge = new Gauge({
    name: "alcove_templates",
    help: "Templates of memory, by whether they are there, are being built or wait for that",
    labelNames: ["state"],
    registers,
    collect: () => {
      const underWay = desk.underWay();
      const building = underWay.filter(({ isBuilding }) => isBuilding).length;
      count.set({ state: "ready" }, desk.list().length);
      count.set({ state: "building" }, building);
      count.set({ state: "waiting" }, underWay.length - building);
    },
  });
  const bytes: Gauge = new Gauge({
    name: "alcove_template_bytes",
    help: "What templates take: of the host's memory, and of its disk with theirs",
    labelNames: ["of"],
    registers,
    collect: () => {
      const all = desk.list();
      const memory = all.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
      const disk = all.reduce((sum, it) => sum + it.template.sizeBytes + it.layerBytes, 0);
      bytes.set({ of: "memory" }, memory);
      bytes.set({ of: "disk" }, disk);
    },
  });
}

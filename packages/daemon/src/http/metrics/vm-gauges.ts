/** What the VMs and their agents are doing, counted when somebody asks. */

import { Gauge, type Registry } from "prom-client";

import type { HostGroups } from "#core/group/host-group.ts";
import type { GuestContact } from "#core/vm/guest-contact.ts";
import { VM_PHASES, type VmPhase } from "#core/vm/lifecycle.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import type { Vms } from "#core/vm/vms.ts";

/** Slicer's words for what a VM does; `alcove_vms` has the phases themselves. */
const STATE: Record<VmPhase, string> = {
  created: "running",
  starting: "running",
  running: "running",
  paused: "paused",
  suspending: "suspended",
  suspended: "suspended",
  restoring: "running",
  stopping: "stopped",
  stopped: "stopped",
  failed: "stopped",
  deleted: "stopped",
};
const STATES = new Set(Object.values(STATE));

export function vmGauges(registers: Registry[], vms: Pick<Vms, "list">, groups: HostGroups): void {
  countVms(registers, () => byGroup(vms, groups));
  countAgents(registers, () => byGroup(vms, groups));
  gauge({
    registers,
    name: "slicer_vm_gpu_count",
    help: "GPUs that VMs hold; Alcove gives them none",
    labelNames: ["host_group"],
    collect: (set) => groups.all().forEach(({ name }) => set({ host_group: name }, 0)),
  });
}

/** Every group that there is, and those that only VMs remember. */
type ByGroup = ReadonlyMap<string, readonly VmSupervisor[]>;

function byGroup(vms: Pick<Vms, "list">, groups: HostGroups): ByGroup {
  const none = groups.all().map(({ name }) => [name, []] as const);
  return new Map<string, readonly VmSupervisor[]>([
    ...none,
    ...Map.groupBy(vms.list(), (vm) => vm.record.group),
  ]);
}

function countVms(registers: Registry[], now: () => ByGroup): void {
  gauge({
    registers,
    name: "slicer_vm_running",
    help: "VMs, by host group, whether the API made them, and state",
    labelNames: ["host_group", "api", "state"],
    collect: (set) => {
      for (const [host_group, vms] of now()) {
        for (const api of ["true", "false"]) {
          const some = vms.filter((vm) => String(madeByApi(vm)) === api);
          for (const state of STATES) {
            const count = some.filter((vm) => STATE[vm.phase] === state).length;
            set({ host_group, api, state }, count);
          }
        }
      }
    },
  });
  gauge({
    registers,
    name: "alcove_vms",
    help: "VMs, by host group and phase",
    labelNames: ["host_group", "phase"],
    collect: (set) => {
      for (const [host_group, vms] of now()) {
        for (const phase of VM_PHASES) {
          set({ host_group, phase }, vms.filter((vm) => vm.phase === phase).length);
        }
      }
    },
  });
}

function countAgents(registers: Registry[], now: () => ByGroup): void {
  gauge({
    registers,
    name: "alcove_agents",
    help: "Agents of VMs that have a machine, by whether they can be asked now",
    labelNames: ["host_group", "connected"],
    collect: (set) => {
      for (const [host_group, vms] of now()) {
        const agents = agentsOf(vms);
        const connected = agents.filter(({ current }) => current).length;
        set({ host_group, connected: "yes" }, connected);
        set({ host_group, connected: "no" }, agents.length - connected);
      }
    },
  });
  gauge({
    registers,
    name: "alcove_agent_latency_seconds",
    help: "Last round trip to the agents of a host group that were asked for a sign of life: the longest, and their mean",
    labelNames: ["host_group", "of"],
    collect: (set) => {
      for (const [host_group, vms] of now()) {
        const times = agentsOf(vms).flatMap(({ current }) => current?.latencyMs ?? []);
        if (times.length === 0) continue;
        const sum = times.reduce((all, one) => all + one, 0);
        set({ host_group, of: "longest" }, Math.max(...times) / 1_000);
        set({ host_group, of: "mean" }, sum / times.length / 1_000);
      }
    },
  });
}

function agentsOf(vms: readonly VmSupervisor[]): readonly GuestContact[] {
  return vms.flatMap((vm) => vm.contact ?? []);
}

function madeByApi(vm: VmSupervisor): boolean {
  return vm.record.kind !== "service";
}

interface GaugeOrder {
  readonly registers: Registry[];
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly collect: (
    set: (labels: Readonly<Record<string, string>>, value: number) => void,
  ) => void;
}

/** A gauge that is made of what there is at the time of asking, and of nothing else. */
function gauge({ collect, labelNames, ...rest }: GaugeOrder): void {
  const it: Gauge = new Gauge({
    ...rest,
    labelNames: [...labelNames],
    collect: () => {
      it.reset();
      collect((labels, value) => it.set(labels, value));
    },
  });
}

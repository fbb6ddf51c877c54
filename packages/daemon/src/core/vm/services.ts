/**
 * Services: the VMs that the configuration declares by a group's `count`. They are there and run
 * when the daemon does; what happens to them in between is as with every VM that is kept.
 */

import { inParallel } from "#lib/in-parallel.ts";

import { AlcoveError } from "../errors.ts";
import type { HostGroup } from "../group/host-group.ts";
import type { GroupNetwork } from "../network/network.ts";
import type { Log } from "../ports/log.ts";
import { hasEnded } from "./lifecycle.ts";
import { declaredHostnames } from "./naming.ts";
import type { VmRequest } from "./spec.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { VmSpec } from "./vm.ts";
import type { Vms } from "./vms.ts";

/** Everything as the group has it. */
const DECLARED: VmRequest = {
  kind: "service",
  hostname: undefined,
  vcpus: undefined,
  memoryBytes: undefined,
  gpuCount: undefined,
  image: undefined,
  tags: [],
  sshKeys: [],
  userdata: undefined,
  importKeysOf: undefined,
  secrets: undefined,
  network: undefined,
  address: undefined,
};

/** how many are made or started at a time */
const PARALLEL = 4;

/**
 * At a daemon's start: makes what is declared and missing, starts what does not run, and lets go of
 * what is not declared any more. Resolves when all that is under way; one that cannot start is told
 * in the log and keeps nobody else from it.
 */
export async function startServices(
  vms: Vms,
  groups: readonly HostGroup[],
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const declared = groups.flatMap((group) =>
    declaredHostnames(group).map((hostname) => ({ group, hostname })),
  );
  letGo(vms, new Set(declared.map(({ hostname }) => hostname)), log);
  await inParallel(PARALLEL, declared, async ({ group, hostname }) => {
    try {
      await bringUp(vms, { group, hostname, log }, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.warn("service.not_started", { hostname, reason: reasonOf(error), error });
    }
  });
}

/** What nobody declares any more keeps its disk, and may be started or deleted through the API. */
function letGo(vms: Vms, declared: ReadonlySet<string>, log: Log): void {
  for (const vm of vms.list()) {
    const { kind, hostname, spec } = vm.record;
    if (kind !== "service" || declared.has(hostname)) continue;
    vm.redeclare({ kind: "persistent", spec });
    const reason = "Not declared any more: it is kept with its disk, and can be deleted";
    log.warn("service.let_go", { hostname, reason });
  }
}

interface Service {
  readonly group: HostGroup;
  readonly hostname: string;
  readonly log: Log;
}

async function bringUp(vms: Vms, service: Service, signal: AbortSignal): Promise<void> {
  const { hostname, group, log } = service;
  const vm = vms.list().find(({ record }) => record.hostname === hostname);
  if (!vm) {
    await vms.create(group.name, { ...DECLARED, hostname }, signal);
    return;
  }
  const { kind, spec } = vm.record;
  if (kind === "sandbox") {
    const message = `A sandbox has the name ${hostname}; the service can be made when it is gone`;
    throw new AlcoveError("name_taken", message, { name: hostname });
  }
  if (kind === "persistent") vm.redeclare({ kind: "service", spec });
  if (!hasEnded(vm.phase)) return;
  takeOver(vm, await specNow(vms, service, signal), log);
  await vms.startAgain(vm, signal);
}

/** @returns `undefined` when it cannot be known now; then the VM starts as it was */
async function specNow(
  vms: Vms,
  { group, hostname, log }: Service,
  signal: AbortSignal,
): Promise<VmSpec | undefined> {
  try {
    return await vms.specFor(group, DECLARED, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn("service.starts_as_it_was", { hostname, reason: reasonOf(error), error });
    return undefined;
  }
}

function takeOver(vm: VmSupervisor, declared: VmSpec | undefined, log: Log): void {
  if (!declared) return;
  const { hostname, spec: before } = vm.record;
  const { spec, kept } = changedSpec(before, declared);
  vm.redeclare({ kind: "service", spec });
  if (kept.length === 0) return;
  const reason =
    "These stay as they were when it was made: its disk and its address depend on them";
  log.warn("service.keeps", { hostname, keys: kept, reason });
}

/**
 * What a service that was made as `before` becomes when `declared` is what the configuration says.
 * @returns `kept` names the keys of the configuration that have no effect on it
 */
export function changedSpec(
  before: VmSpec,
  declared: VmSpec,
): { readonly spec: VmSpec; readonly kept: readonly string[] } {
  const { image, diskBytes, tags, network } = before;
  const moved = placeOf(network.settings) !== placeOf(declared.network.settings);
  const settings = moved ? network.settings : declared.network.settings;
  const kept = [
    ...(image === declared.image ? [] : ["image"]),
    ...(diskBytes === declared.diskBytes ? [] : ["storage_size"]),
    ...(moved ? ["network"] : []),
  ];
  const spec = { ...declared, image, diskBytes, tags };
  return { spec: { ...spec, network: { ...declared.network, settings } }, kept };
}

/** What a VM's address follows from; lists of what it may reach can change under it. */
function placeOf(network: GroupNetwork): string {
  if (network.mode === "bridge") return `bridge ${network.bridge} ${network.gateway}`;
  if (network.mode === "routed") return `routed ${network.tap} ${network.ipv4.guest}`;
  return network.mode === "isolated" ? `isolated ${network.range}` : network.mode;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

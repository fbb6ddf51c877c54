/** A host with one VM that runs and is about to be forked, for tests. */

import { readdir } from "node:fs/promises";
import path from "node:path";

import { liveFork, type LiveForked, type LiveForkOrder } from "#core/fork/live-fork.ts";
import type { HostGroup } from "#core/group/host-group.ts";
import type { VmRequest } from "#core/vm/spec.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import type { Vms, VmsDeps } from "#core/vm/vms.ts";

import { aGroup, aRequest, FakeHost, never } from "./fake-host.ts";

export interface ForkStage extends AsyncDisposable {
  readonly host: FakeHost;
  readonly vms: Vms;
  readonly source: VmSupervisor;
  readonly fork: (order?: Partial<LiveForkOrder>, signal?: AbortSignal) => Promise<LiveForked>;
}

export interface ForkStageOptions {
  readonly group?: Partial<HostGroup>;
  readonly request?: Partial<VmRequest>;
  readonly parts?: (host: FakeHost) => Partial<VmsDeps>;
}

export function aLiveForkOrder(different: Partial<LiveForkOrder>): LiveForkOrder {
  return {
    count: 1,
    tags: [],
    tagMode: "append",
    network: undefined,
    secrets: undefined,
    persistent: undefined,
    waitMs: 10_000,
    ...different,
  };
}

export async function forkStage({
  group = {},
  request = {},
  parts,
}: ForkStageOptions = {}): Promise<ForkStage> {
  const host = await FakeHost.make([aGroup(group)]);
  const vms = await host.open(parts?.(host));
  const source = await vms.create("sbox", aRequest({ kind: "persistent", ...request }), never);
  await vms.settled();
  await source.contact?.link(never);
  return {
    host,
    vms,
    source,
    fork: (order = {}, signal = never) =>
      liveFork(host.forking(vms), { source, order: aLiveForkOrder(order) }, signal),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

/** names of what a VM has on the disk, sorted */
export async function filesOf(
  host: FakeHost,
  { record }: VmSupervisor,
): Promise<readonly string[]> {
  return (await readdir(path.dirname(host.disks.statePath(record.id, "x")))).toSorted();
}

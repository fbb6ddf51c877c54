/** A fake host with a VM whose disk can be committed, and what to ask for. */

import type { CommitOrder } from "#core/commit/commit.ts";
import type { Commits } from "#core/commit/commits.ts";
import type { ForkOrder } from "#core/commit/fork.ts";
import type { HostGroup } from "#core/group/host-group.ts";
import { launch } from "#core/vm/launch.ts";
import type { VmRequest } from "#core/vm/spec.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import type { Vms, VmsDeps } from "#core/vm/vms.ts";

import { fakeCommits } from "./fake-commits.ts";
import { aGroup, aRequest, FakeHost, never } from "./fake-host.ts";

export const untilAgent = { until: "agent", timeoutMs: 5_000 } as const;

export function aCommitOrder(different: Partial<CommitOrder> = {}): CommitOrder {
  return { cacheKey: undefined, tags: [], labels: {}, ...different };
}

export function aForkOrder(different: Partial<ForkOrder> = {}): ForkOrder {
  return {
    vcpus: undefined,
    memoryBytes: undefined,
    network: undefined,
    tags: [],
    tagMode: "append",
    secrets: undefined,
    persistent: true,
    fixups: undefined,
    ...different,
  };
}

/** A persistent VM that answers. */
export async function running(vms: Vms, different: Partial<VmRequest> = {}): Promise<VmSupervisor> {
  const request = aRequest({ kind: "persistent", ...different });
  return launch(vms, { group: "sbox", request, wait: untilAgent }, never);
}

export interface CommitStage extends AsyncDisposable {
  readonly host: FakeHost;
  readonly vms: Vms;
  readonly commits: Commits;
  /** persistent and stopped */
  readonly source: VmSupervisor;
}

export async function commitStage(
  different: {
    readonly group?: Partial<HostGroup>;
    readonly request?: Partial<VmRequest>;
    readonly parts?: (host: FakeHost) => Partial<VmsDeps>;
  } = {},
): Promise<CommitStage> {
  const host = await FakeHost.make([aGroup(different.group ?? {})]);
  const vms = await host.open(different.parts?.(host));
  const source = await running(vms, different.request);
  await source.stop(never);
  const end = () => host[Symbol.asyncDispose]();
  return { host, vms, commits: fakeCommits(host, vms), source, [Symbol.asyncDispose]: end };
}

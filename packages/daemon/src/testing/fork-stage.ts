/** A host with one VM that runs and is about to be forked, for tests. */

import { readdir } from "node:fs/promises";
import path from "node:path";

import {
  liveFork,
  type LiveForkDeps,
  type LiveForked,
  type LiveForkOrder,
} from "#core/fork/live-fork.ts";
import type { HostGroup } from "#core/group/host-group.ts";
import { SecretBytes } from "#core/secrets/secret-bytes.ts";
import type { VmRequest } from "#core/vm/spec.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import type { Vms, VmsDeps } from "#core/vm/vms.ts";

import { aGroup, aRequest, FakeHost, never } from "./fake-host.ts";

export interface ForkStage extends AsyncDisposable {
  readonly host: FakeHost;
  readonly vms: Vms;
  readonly source: VmSupervisor;
  readonly fork: (
    order?: Partial<LiveForkOrder>,
    signal?: AbortSignal,
    different?: Partial<LiveForkDeps>,
  ) => Promise<LiveForked>;
}

export interface ForkStageOptions {
  readonly group?: Partial<HostGroup>;
  readonly request?: Partial<VmRequest>;
  readonly parts?: (host: FakeHost) => Partial<VmsDeps>;
  /** whether its agent answers before the test begins; default: it does */
  readonly ready?: boolean;
  /** names of secrets that the host has */
  readonly secrets?: readonly string[];
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
  ready = true,
  secrets = [],
}: ForkStageOptions = {}): Promise<ForkStage> {
  const host = await FakeHost.make([aGroup(group)]);
  for (const name of secrets) {
    const content = new SecretBytes(Buffer.from(name));
    await host.secrets.create({ name, content, mode: 0o600, uid: 0, gid: 0 }, never);
  }
  const vms = await host.open(parts?.(host));
  const source = await vms.create("sbox", aRequest({ kind: "persistent", ...request }), never);
  await vms.settled();
  if (ready) await source.contact?.link(never);
  return {
    host,
    vms,
    source,
    fork: (order = {}, signal = never, different = {}) =>
      liveFork(host.forking(vms, different), { source, order: aLiveForkOrder(order) }, signal),
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

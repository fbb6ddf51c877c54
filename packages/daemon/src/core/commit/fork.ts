/** A VM that begins with the disk of a commit: it boots from it, as somebody of its own. */

import { MIB } from "#lib/bytes.ts";

import type { HostGroups } from "../group/host-group.ts";
import type { NetworkOverride } from "../network/network.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";
import type { ImageStore } from "../ports/image-store.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { StartTrace } from "../trace/start-trace.ts";
import { type LaunchWait, readyOrGone } from "../vm/launch.ts";
import type { KeptLayers } from "../vm/kept-layers.ts";
import { checkSpec, type VmRequest } from "../vm/spec.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { withoutName } from "../vm/tags.ts";
import { type Fixup, FIXUPS, type VmSpec } from "../vm/vm.ts";
import type { Vms } from "../vm/vms.ts";
import type { Commit } from "./commit.ts";

/** What a child is to be otherwise than its source was; `undefined` inherits. */
export interface ForkOrder {
  readonly vcpus: number | undefined;
  readonly memoryBytes: number | undefined;
  /** a list that is absent in it is inherited, too */
  readonly network: NetworkOverride | undefined;
  readonly tags: readonly string[];
  readonly tagMode: "append" | "replace";
  /** names */
  readonly secrets: readonly string[] | undefined;
  readonly persistent: boolean;
  /** `undefined` is all */
  readonly fixups: readonly Fixup[] | undefined;
}

export interface ForkDeps {
  readonly vms: Vms;
  readonly groups: HostGroups;
  readonly images: ImageStore;
  readonly layers: DiskLayers;
  readonly keptLayers: KeptLayers;
  readonly secrets: Secrets;
}

const never = new AbortController().signal;

/**
 * Resolves when the child is recorded and its start is under way, or when it is ready. A child whose agent cannot take
 * the source's identity from the disk is gone, also when nobody waits.
 * @param signal the caller left: the wait ends, and the child stays
 * @throws AlcoveError `invalid_request`, `no_capacity`, `timed_out` …; then there is no child
 */
export async function forkCommit(
  deps: ForkDeps,
  { commit, order, wait }: ForkingCommit,
  signal: AbortSignal,
): Promise<VmSupervisor> {
  const trace = new StartTrace();
  const { vms, layers } = deps;
  const group = deps.groups.get(commit.group);
  const spec = await inheritedSpec(deps, commit, order);
  const image = await deps.images.resolve(commit.imageId, signal);
  using _kept = deps.keptLayers.hold(commit.layer);
  const vm = await vms.add(
    {
      group,
      kind: order.persistent ? "persistent" : "sandbox",
      hostname: undefined,
      wantedAddress: undefined,
      spec,
      image,
      diskBytes: layers.get(commit.layer).virtualSizeBytes,
      layer: commit.layer,
      origin: { how: "commit", commit: commit.id, fixups: order.fixups ?? FIXUPS },
      trace,
    },
    signal,
  );
  void vms.inBackground(vm, "vm.start_failed", () => vm.start(never));
  if (wait) await readyOrGone(vms, vm, wait, signal);
  return vm;
}

export interface ForkingCommit {
  readonly commit: Commit;
  readonly order: ForkOrder;
  readonly wait: LaunchWait | undefined;
}

/** What the source was, checked against what its group allows now. */
export async function inheritedSpec(
  { groups, secrets }: Pick<ForkDeps, "groups" | "secrets">,
  { spec: source, group: groupName }: Pick<Commit, "spec" | "group">,
  order: ForkOrder,
): Promise<VmSpec> {
  const request: VmRequest = {
    vcpus: order.vcpus ?? source.vcpus,
    memoryBytes: order.memoryBytes ?? source.memoryMiB * MIB,
    gpuCount: undefined,
    image: source.image,
    kind: "persistent",
    hostname: undefined,
    tags: tagsOf(source, order),
    sshKeys: [],
    userdata: undefined,
    importKeysOf: undefined,
    secrets: order.secrets ?? (source.secrets === "all" ? undefined : source.secrets),
    network: overrideOf(source, order),
    address: undefined,
  };
  const checked = checkSpec(request, groups.get(groupName), []);
  await secrets.check(checked.secrets);
  // These are on the disk already, the group's keys of then among them.
  const { sshKeys, userdata, diskBytes } = source;
  return { ...checked, sshKeys, userdata, diskBytes };
}

/** A friendly name is one VM's. */
function tagsOf(source: VmSpec, { tags, tagMode }: ForkOrder): readonly string[] {
  return tagMode === "replace" ? tags : [...new Set([...withoutName(source.tags), ...tags])];
}

function overrideOf({ network }: VmSpec, order: ForkOrder): NetworkOverride | undefined {
  const inherited = network.override;
  if (!order.network) return inherited;
  const { allow = inherited?.allow, drop = inherited?.drop } = order.network;
  return allow || drop ? { allow, drop } : undefined;
}

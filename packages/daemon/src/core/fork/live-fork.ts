/**
 * Forks a VM that runs: children with its memory and its disk as they were at one moment, each somebody of its own.
 *
 * The source stands still only while it is copied. Each child is born suspended, and restored; nobody can use it before
 * its agent has confirmed that it is another.
 */

import { inParallel } from "#lib/in-parallel.ts";

import { inheritedSpec } from "../commit/fork.ts";
import { AlcoveError, invalidRequest } from "../errors.ts";
import type { HostGroup, HostGroups } from "../group/host-group.ts";
import { admitCount, type CapacityLimits } from "../host/capacity.ts";
import { type LayerId, newLayerId } from "../ids.ts";
import type { NetworkOverride } from "../network/network.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { ImageStore } from "../ports/image-store.ts";
import type { Log } from "../ports/log.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { KeptLayers } from "../vm/kept-layers.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { withoutName } from "../vm/tags.ts";
import type { VmKind, VmRecord, VmSpec } from "../vm/vm.ts";
import type { Vms } from "../vm/vms.ts";
import { bringUp, type Child } from "./child.ts";
import type { LiveCopy } from "./live-copy.ts";
import { type Room, roomFor } from "./room.ts";

/** What the children are to be otherwise than their source is; `undefined` inherits. */
export interface LiveForkOrder {
  readonly count: number;
  readonly tags: readonly string[];
  readonly tagMode: "append" | "replace";
  readonly network: NetworkOverride | undefined;
  /** names */
  readonly secrets: readonly string[] | undefined;
  readonly persistent: boolean | undefined;
  /** how long to wait for each child's agent, in `ms`; `undefined` does not wait */
  readonly waitMs: number | undefined;
}

export interface LiveForkDeps {
  readonly vms: Vms;
  readonly groups: HostGroups;
  readonly images: ImageStore;
  readonly disks: DiskStore;
  readonly layers: DiskLayers;
  readonly keptLayers: KeptLayers;
  readonly secrets: Secrets;
  readonly limits: CapacityLimits;
  readonly log: Log;
}

export interface LiveForked {
  /** how long the source stood still, in `ms`; 0 when it was paused anyway */
  readonly pauseMs: number;
  readonly children: readonly VmSupervisor[];
  /** why the others are not there; they left nothing behind */
  readonly failures: readonly Error[];
}

/** most children at once */
export const MAX_CHILDREN = 16;

/** what an empty overlay and what is beside it take: a generous guess, in bytes */
const OVERLAY_BYTES = 1024 * 1024;

/** how many children are brought up at a time: each reads all of the memory */
const PARALLEL = 4;

/**
 * Resolves when every child is on its way, or ready, or gone again.
 * @param signal the caller left: until the source is copied nothing has happened; then the wait ends, and children stay
 * @throws AlcoveError `wrong_phase`, `guest_unreachable`, `guest_refused`, `no_capacity`, `invalid_request`; or why the
 *   first child is not there when none is
 */
export async function liveFork(
  deps: LiveForkDeps,
  { source, order }: { readonly source: VmSupervisor; readonly order: LiveForkOrder },
  signal: AbortSignal,
): Promise<LiveForked> {
  const { vms, groups, keptLayers } = deps;
  const { record } = source;
  const group = groups.get(record.group);
  const spec = await specOf(deps, source, order);
  admitCount(vms.all().length + order.count - 1, deps.limits);
  using room = await roomFor(vms.admissions, { share: spec, count: order.count }, signal);
  const layer = newLayerId();
  using held = keptLayers.hold(layer);
  const copy = await copied(deps, { source, layer, count: order.count }, signal).catch(
    async (error: unknown) => {
      held[Symbol.dispose]();
      await keptLayers.collect();
      throw error;
    },
  );
  try {
    const kind = kindOf(record, order);
    const born = { source: record, group, kind, spec, layer, copy, order, room };
    return await allOf(deps, born, signal);
  } finally {
    await removeState(deps, source, copy);
  }
}

function kindOf({ kind }: VmRecord, { persistent = kind !== "sandbox" }: LiveForkOrder): VmKind {
  return persistent ? "persistent" : "sandbox";
}

/** What the source is, checked against what its group allows now. */
async function specOf(
  deps: LiveForkDeps,
  { record }: VmSupervisor,
  order: LiveForkOrder,
): Promise<VmSpec> {
  const { count, tags } = order;
  if (!Number.isSafeInteger(count) || count < 1 || count > MAX_CHILDREN) {
    throw invalidRequest("count", `must be a number from 1 to ${MAX_CHILDREN}`);
  }
  if (count > 1 && withoutName(tags).length < tags.length) {
    throw invalidRequest("tags", "a friendly name is one VM's, and there will be more than one");
  }
  const same = { vcpus: undefined, memoryBytes: undefined, fixups: undefined, persistent: true };
  const spec = await inheritedSpec(deps, record, { ...same, ...order, persistent: true });
  const { mode } = record.spec.network.settings;
  if (spec.network.settings.mode === mode) return spec;
  const message = `${record.hostname} cannot be forked: it has a network of the kind ${mode}, and its group ${record.group} has another one now`;
  throw new AlcoveError("unsupported", message, { feature: "fork" });
}

interface Copied {
  readonly source: VmSupervisor;
  readonly layer: LayerId;
  readonly count: number;
}

async function copied(
  { images, disks, layers }: LiveForkDeps,
  { source, layer, count }: Copied,
  signal: AbortSignal,
): Promise<LiveCopy> {
  const besidesBytes = (count + 1) * OVERLAY_BYTES;
  return await source.copy({ images, disks, layers, layer, besidesBytes }, signal);
}

interface Born extends Omit<Child, "waitMs"> {
  readonly group: HostGroup;
  readonly order: LiveForkOrder;
  readonly room: Room;
}

async function allOf(
  deps: LiveForkDeps,
  { order, room, ...child }: Born,
  signal: AbortSignal,
): Promise<LiveForked> {
  const children: VmSupervisor[] = [];
  const failures: Error[] = [];
  const { waitMs } = order;
  await inParallel(PARALLEL, [...Array(order.count).keys()], async () => {
    room.give();
    try {
      children.push(await bringUp(deps, { ...child, waitMs }, signal));
    } catch (error) {
      signal.throwIfAborted();
      const { hostname } = child.source;
      deps.log.warn("fork.child_failed", { source: hostname, error });
      failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  });
  const [first] = failures;
  if (first && children.length === 0) throw first;
  return { pauseMs: child.copy.pauseMs, children, failures };
}

/** What cannot be removed now, the next start removes. */
async function removeState(
  { disks, log }: LiveForkDeps,
  { record: { id: vmId, hostname } }: VmSupervisor,
  { state: name }: LiveCopy,
): Promise<void> {
  await disks.removeState({ vmId, name }).catch((error: unknown) => {
    log.warn("fork.state_left", { hostname, error });
  });
}

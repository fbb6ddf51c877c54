/** Makes one machine ahead of its VM: a disk, a network, and a copy of a template that stands still. */

import type { DiskStore } from "../ports/disk-store.ts";
import type { BootPlan } from "../ports/machine.ts";
import type { ResolvedImage } from "../ports/image-store.ts";
import type { Networks } from "../ports/networks.ts";
import type { Templates } from "../template/templates.ts";
import type { KeptLayers } from "../vm/kept-layers.ts";
import { forkOf } from "../vm/start-of.ts";
import type { VmRecord } from "../vm/vm.ts";
import type { WholeMachine } from "./pool-member.ts";
import { warmUp, type WarmUpDeps } from "./warm-up.ts";

export interface AheadDeps extends WarmUpDeps {
  readonly templates: Templates;
  readonly disks: DiskStore;
  readonly networks: Networks;
  readonly keptLayers: KeptLayers;
  /** with the host's part of its network made */
  readonly planFor: (record: VmRecord, signal: AbortSignal) => Promise<BootPlan>;
  /** what a process has of the host's memory for itself, in bytes */
  readonly ownMemory: (pid: number) => Promise<number>;
}

export interface AheadDisk {
  readonly image: ResolvedImage;
  /** as the guest sees it, in bytes */
  readonly diskBytes: number;
}

/** If `signal` aborts or it fails, nothing is left behind. */
export async function makeAhead(
  place: VmRecord,
  { image, diskBytes }: AheadDisk,
  deps: AheadDeps,
  signal: AbortSignal,
): Promise<WholeMachine> {
  const { templates, disks, networks, keptLayers, planFor, ownMemory } = deps;
  await using undo = new AsyncDisposableStack();
  const ground = place.layer && undo.use(keptLayers.hold(place.layer));
  await disks.create(place.id, { image: image.rootfs, layer: place.layer }, diskBytes);
  undo.defer(() => disks.remove(place.id));
  undo.defer(() => networks.release(place)); // also when it is only half made
  const machine = undo.use(await forkOf(place, await planFor(place, signal), templates, signal));
  const session = undo.use(await warmUp(place, machine, deps, signal));
  const memoryBytes = await ownMemory(machine.pid);
  signal.throwIfAborted();
  const kept = undo.move();
  return {
    machine,
    dialer: session.dialer,
    renewGuest: session.renewGuest,
    memoryBytes,
    release: () => ground?.[Symbol.dispose](),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

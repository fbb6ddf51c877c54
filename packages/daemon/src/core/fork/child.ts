/** One child of a fork: born suspended with its source's memory, and restored as somebody of its own. */

import type { HostGroup } from "../group/host-group.ts";
import { type LayerId, newStateName } from "../ids.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { ImageStore } from "../ports/image-store.ts";
import { StartTrace } from "../trace/start-trace.ts";
import { restore } from "../vm/restore.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { VmKind, VmRecord, VmSpec } from "../vm/vm.ts";
import type { Vms } from "../vm/vms.ts";
import type { LiveCopy } from "./live-copy.ts";

export interface ChildDeps {
  readonly vms: Vms;
  readonly images: ImageStore;
  readonly disks: DiskStore;
}

export interface Child {
  readonly source: VmRecord;
  readonly group: HostGroup;
  readonly kind: VmKind;
  readonly spec: VmSpec;
  readonly copy: LiveCopy;
  readonly layer: LayerId;
  /** how long to wait for its agent, in `ms`; `undefined` does not wait */
  readonly waitMs: number | undefined;
}

const never = new AbortController().signal;

/**
 * Resolves when its restore is under way, or with `waitMs` when its agent has confirmed who it is.
 * @param signal the caller left: the wait ends, and the child stays
 * @throws AlcoveError why it cannot be; it is gone then
 */
export async function bringUp(
  deps: ChildDeps,
  child: Child,
  signal: AbortSignal,
): Promise<VmSupervisor> {
  const { vms } = deps;
  const { waitMs } = child;
  const vm = await born(deps, child);
  const gone = () => vms.delete(vm);
  try {
    if (waitMs !== undefined) {
      await restore(vms, vm, waitMs, signal);
      return vm;
    }
    const order = { into: "restoring", work: () => vm.restore(never) } as const;
    const { done } = await vms.occupy(vm, order, never);
    void done.catch(() => vms.inBackground(vm, "vm.discard_failed", gone));
    return vm;
  } catch (error) {
    if (!signal.aborted) await gone();
    throw error;
  }
}

async function born({ vms, images, disks }: ChildDeps, child: Child): Promise<VmSupervisor> {
  const { source, group, kind, spec, copy, layer } = child;
  const name = newStateName();
  const from = { vmId: source.id, name: copy.state };
  return await vms.add(
    {
      group,
      kind,
      hostname: undefined,
      wantedAddress: undefined,
      spec,
      image: await images.resolve(source.imageId, never),
      diskBytes: copy.diskBytes,
      layer,
      origin: { how: "fork", source: source.hostname },
      saved: { name, restoreAtStart: true },
      trace: new StartTrace(),
      furnish: ({ id: vmId }) => disks.shareState(from, { vmId, name }),
    },
    never,
  );
}

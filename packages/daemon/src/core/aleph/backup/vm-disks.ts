/** What of a VM goes into a backup, and how it is made to hold still for it. */

import path from "node:path/posix";

import { within } from "#lib/patience.ts";

import type { GuestLink } from "../../ports/guest-link.ts";
import type { Log } from "../../ports/log.ts";
import type { OwnRoot, VmVolume } from "../../vm/vm.ts";
import type { VmSupervisor } from "../../vm/supervisor.ts";
import type { SourceDisk } from "../ports/backup-store.ts";

/** the name that tools of the network look for */
const ROOT_NAME = "rootfs.qcow2";
/** how long a guest may take to hold still, in `ms`: one that is busy with its disks is not waited for longer */
const FREEZE_LIMIT_MS = 30_000;

const never = new AbortController().signal;

/** What of a VM is needed to copy its disks. */
export interface VmToCopy extends Pick<VmSupervisor, "phase" | "record" | "pause" | "resume"> {
  readonly contact: { readonly current: Pick<GuestLink, "quiesce"> | undefined } | undefined;
}

export function rootDiskOf(root: OwnRoot): SourceDisk {
  return { name: ROOT_NAME, path: root.path, format: "qcow2", backing: root.parent };
}

/** Those that the guest can write to: what it can only read is somebody else's, and is there still. */
export function volumesOf(volumes: readonly VmVolume[]): readonly SourceDisk[] {
  return volumes
    .filter(({ readOnly }) => !readOnly)
    .map((volume) => ({
      name: `${path.parse(volume.path).name}.qcow2`,
      path: volume.path,
      format: volume.format,
      backing: volume.parent,
    }));
}

/**
 * The guest's file systems hold still where its agent can do that; its processors stand still in any case, but
 * for a confidential one's: the host has no say over those.
 * @returns disposing lets it go on
 */
export async function holdStill(
  vm: VmToCopy,
  { freeze, log }: { readonly freeze: boolean; readonly log: Log },
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  await using held = new AsyncDisposableStack();
  const agent = freeze ? vm.contact?.current : undefined;
  if (agent) {
    try {
      held.use(await agent.quiesce(within(FREEZE_LIMIT_MS, signal)));
    } catch (error) {
      signal.throwIfAborted();
      log.warn("aleph.backup_not_frozen", { hostname: vm.record.hostname, error });
    }
  }
  if (vm.record.spec.confidential === undefined) {
    await vm.pause(signal);
    held.defer(() => vm.resume(never));
  }
  return held.move();
}

/** What a VM's machine needs from the host, as a plan for the driver. */

import type { DiskStore } from "#core/ports/disk-store.ts";
import type { BootPlan } from "#core/ports/machine.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import type { Networks } from "#core/ports/networks.ts";
import { bootPlanFor } from "#core/vm/boot-plan.ts";
import type { VmRecord } from "#core/vm/vm.ts";

export interface PlanningParts {
  readonly images: ImageStore;
  readonly disks: DiskStore;
  readonly networks: Networks;
  /** directory below which every machine has its own */
  readonly runRoot: string;
}

/** @returns makes the host's part of a VM's network, and the plan */
export function planning({ images, disks, networks, runRoot }: PlanningParts) {
  return async (record: VmRecord, signal: AbortSignal): Promise<BootPlan> => {
    const image = await images.resolve(record.imageId, signal);
    const network = await networks.prepare(record, signal);
    return bootPlanFor(record, { image, network, files: disks, runRoot });
  };
}

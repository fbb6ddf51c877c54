/** Limits that no test meets by accident. */

import type { CapacityLimits } from "#core/host/capacity.ts";
import { GIB } from "#lib/bytes.ts";

export const roomyLimits: CapacityLimits = {
  memoryReserveMiB: 1024,
  memoryOvercommit: 1,
  cpuOvercommit: 64,
  diskReserveBytes: GIB,
  maxVms: 4096,
};

/** A machine with room for any test's VMs. */

import type { HostFacts } from "#core/ports/host-facts.ts";
import { GIB } from "#lib/bytes.ts";

export const roomyFacts: HostFacts = {
  cpuCount: () => 64,
  memory: async () => ({ totalBytes: 4096 * GIB, availableBytes: 4096 * GIB }),
  disk: async () => ({ totalBytes: 1024 * GIB, freeBytes: 1024 * GIB }),
};

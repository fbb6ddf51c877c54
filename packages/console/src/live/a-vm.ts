/** A VM for tests. */

import type { VmAccount } from "./vm-account.ts";

export function aVm(hostname: string, different: Partial<VmAccount> = {}): VmAccount {
  return {
    hostname,
    id: `id-${hostname}`,
    group: "sbox",
    kind: "sandbox",
    phase: "running",
    since: "2026-01-02T03:04:05Z",
    ready: true,
    vcpus: 1,
    memoryBytes: 2 ** 28,
    image: "base",
    tags: [],
    persistent: false,
    createdAt: "2026-01-02T03:04:05Z",
    origin: { how: "boot" },
    actions: [],
    memory: { reservedBytes: 0 },
    ...different,
  };
}

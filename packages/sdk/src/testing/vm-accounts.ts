/** A VM as Alcove's own API describes it. Only for tests. */

import type { VmDetails } from "@alcove/api";

export function aVmDetails(different: Partial<VmDetails> = {}): VmDetails {
  return {
    hostname: "vm-1",
    id: "v",
    group: "sbox",
    kind: "sandbox",
    phase: "running",
    since: "2026-01-02T03:04:05Z",
    ready: true,
    ip: "192.168.137.2",
    vcpus: 2,
    memory_bytes: 2 ** 30,
    image: "base",
    tags: [],
    persistent: false,
    created_at: "2026-01-02T03:04:05Z",
    origin: { how: "boot" },
    actions: ["pause", "shutdown", "delete"],
    memory: { reserved_bytes: 2 ** 30 },
    secrets: [],
    network: { mode: "user" },
    ...different,
  };
}

import assert from "node:assert/strict";
import { mkdir, mkdtemp } from "node:fs/promises";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";

import { newVmId } from "#core/ids.ts";
import type { BootPlan, Machine } from "#core/ports/hypervisor.ts";

import { describeHypervisor } from "../conformance.ts";
import { DIES_AT_BOOT, FakeHypervisor } from "./fake-hypervisor.ts";
import { FakeDialer } from "./fake-agent.ts";
import { FakeWorld } from "./fake-world.ts";

const never = new AbortController().signal;

const world = new FakeWorld();
const state = await mkdtemp(path.join(tmpdir(), "fake-hypervisor-"));
after(() => rmSync(state, { recursive: true }));
await mkdir(path.join(state, "logs"));

function planWith(kernelArgs: readonly string[]): BootPlan {
  const vmId = newVmId();
  return {
    vmId,
    vcpus: 1,
    memoryMiB: 128,
    kernel: { path: "/none", initramfsPath: undefined, args: kernelArgs },
    disks: [],
    network: { mode: "none" },
    runDir: path.join(state, "run", vmId),
    consoleLogPath: path.join(state, "logs", vmId),
  };
}

describeHypervisor("fake", {
  open: () => new FakeHypervisor(world, { bootLatencyMs: 5 }),
  freshPlan: async () => planWith([]),
  hopelessPlan: async () => ({ plan: planWith([DIES_AT_BOOT]), complaint: /died at boot/ }),
  async powerOff(machine: Machine) {
    await using link = await new FakeDialer(world).dial(machine.agentEndpoint, never);
    await link.power("poweroff", never);
    await link.closed;
  },
  async crash(machine: Machine) {
    const box = world.findByPid(machine.pid);
    assert.ok(box);
    box.end({ kind: "crash", lastWords: "ended by SIGKILL" });
  },
  async identity(machine: Machine) {
    await using link = await new FakeDialer(world).dial(machine.agentEndpoint, never);
    return link.agent.bootId;
  },
  runs: (pid) => world.findByPid(pid) !== undefined,
});

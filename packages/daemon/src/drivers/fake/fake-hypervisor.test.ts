import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";

import { newVmId } from "#core/ids.ts";
import type { BootPlan, Machine } from "#core/ports/machine.ts";

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
  const disk = path.join(state, "logs", `${vmId}.disk`);
  writeFileSync(disk, "");
  return {
    vmId,
    vcpus: 1,
    memoryMiB: 128,
    kernel: { path: "/none", initramfsPath: undefined, args: kernelArgs },
    disks: [{ id: "root", path: disk, format: "qcow2", readOnly: false, backing: undefined }],
    network: { mode: "none" },
    runDir: path.join(state, "run", vmId),
    consoleLogPath: path.join(state, "logs", vmId),
  };
}

const dial = (machine: Machine) => new FakeDialer(world).dial(machine.agentEndpoint, never);

describeHypervisor("fake", {
  open: () => new FakeHypervisor(world, { bootLatencyMs: 5 }),
  freshPlan: async () => planWith([]),
  async overlayOn({ path: below, format, backing, ...disk }) {
    const overlay = `${below}-${randomUUID()}`;
    await writeFile(overlay, "");
    return { ...disk, path: overlay, format, backing: { path: below, format, backing } };
  },
  dial,
  hopelessPlan: async () => ({ plan: planWith([DIES_AT_BOOT]), complaint: /died at boot/ }),
  async powerOff(machine: Machine) {
    await using link = await dial(machine);
    await link.power("poweroff", never);
    await link.closed;
  },
  async crash(machine: Machine) {
    const box = world.findByPid(machine.pid);
    assert.ok(box);
    box.end({ kind: "crash", lastWords: "ended by SIGKILL" });
  },
  async identity(machine: Machine) {
    await using link = await dial(machine);
    return link.agent.bootId;
  },
  runs: (pid) => world.findByPid(pid) !== undefined,
});

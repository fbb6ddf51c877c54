/** What the tests of the QEMU driver stand on: a built image, scratch space, plans and power-off. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";

import { newVmId } from "../../packages/daemon/src/core/ids.ts";
import {
  macAddress,
  userNetworkPlan,
} from "../../packages/daemon/src/core/network/user-network.ts";
import { systemClock } from "../../packages/daemon/src/core/ports/clock.ts";
import { type GuestLink, SessionLost } from "../../packages/daemon/src/core/ports/guest-link.ts";
import type { BootPlan, DiskPlan, Machine } from "../../packages/daemon/src/core/ports/machine.ts";
import {
  type QemuConfig,
  QemuHypervisor,
} from "../../packages/daemon/src/drivers/qemu/qemu-hypervisor.ts";
import { AgentDialer } from "../../packages/daemon/src/guest/agent-dialer.ts";
import { hostTscKhz } from "../../packages/daemon/src/host/tsc.ts";
import { LocalImageStore } from "../../packages/daemon/src/images/local-image-store.ts";
import { emptyOverlay } from "../../packages/daemon/src/images/qcow2.ts";
import { SecretBytes } from "../../packages/daemon/src/core/secrets/secret-bytes.ts";
import { openDisks } from "../../packages/daemon/src/images/vm-disks.ts";

const never = new AbortController().signal;

export const ROOT = path.join(import.meta.dirname, "../..");
const STATE = process.env["ALCOVE_STATE_DIR"] ?? path.join(ROOT, ".alcove");
export const STORE = path.join(STATE, "images");
export const AGENT = path.join(ROOT, "guest/target/x86_64-unknown-linux-gnu/release/alcove-agent");

export const asRoot = process.getuid?.() === 0;

const images = await LocalImageStore.open(STORE);
export const image = await images.resolve("base", never);

// Private to its owner, like a state directory below /root: the machines' users cannot go through it.
const scratch = await mkdtemp(path.join(tmpdir(), "hypervisor-qemu-"));
after(() => rm(scratch, { recursive: true }));
const { disks } = await openDisks(scratch);
const ground = { image: image.rootfs, layer: undefined };

/** the same for each driver: a state is for the next daemon, too */
const stateKey = new SecretBytes(Buffer.alloc(32, 1));

export const config: QemuConfig = {
  binary: "qemu-system-x86_64",
  accel: "tcg",
  tscKhz: await hostTscKhz(AGENT, never),
  guestAslr: "auto",
  guestReboot: "restarts",
  bootTimeoutMs: 30_000,
  users: asRoot ? { base: 1_900_000_000, count: 1000 } : undefined,
};

export function open(overrides: Partial<QemuConfig> = {}): QemuHypervisor {
  return new QemuHypervisor({ ...config, ...overrides }, stateKey);
}

export async function freshPlan(): Promise<BootPlan> {
  const vmId = newVmId();
  await disks.create(vmId, ground, image.rootfs.virtualSizeBytes);
  return {
    vmId,
    vcpus: 1,
    memoryMiB: 256,
    kernel: image.kernel,
    disks: [disks.rootDisk(vmId, ground)],
    network: userNetworkPlan(7, macAddress("conformance")),
    runDir: path.join(scratch, "run", vmId),
    consoleLogPath: disks.consoleLogPath(vmId),
  };
}

/** A new empty overlay on a disk that nobody writes to any more. @param virtualSizeBytes by default the image's */
export async function overlayOn(
  { path: backingPath, ...disk }: DiskPlan,
  virtualSizeBytes = image.rootfs.virtualSizeBytes,
): Promise<DiskPlan> {
  const overlay = path.join(scratch, `${newVmId()}.qcow2`);
  const { format: backingFormat, backing } = disk;
  await writeFile(overlay, emptyOverlay({ virtualSizeBytes, backingPath, backingFormat }));
  return {
    ...disk,
    path: overlay,
    format: "qcow2",
    backing: { path: backingPath, format: backingFormat, backing },
  };
}

export function dial(machine: Machine): Promise<GuestLink> {
  const dialer = new AgentDialer({ clock: systemClock });
  return dialer.dial(machine.agentEndpoint, AbortSignal.timeout(30_000));
}

export async function powerOff(machine: Machine): Promise<void> {
  await using link = await dial(machine);
  try {
    await link.power("poweroff", never);
  } catch (error) {
    // A guest that powers off at once takes its answer with it.
    if (!(error instanceof SessionLost)) throw error;
  }
}

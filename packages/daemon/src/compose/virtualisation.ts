/** Picks the hypervisor, the way to its guests and their images: the part of the daemon that differs by driver. */

import path from "node:path";

import type { Config } from "#config/config.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { GuestDialer } from "#core/ports/guest-link.ts";
import type { Acceleration } from "#core/ports/host-identity.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import type { Log } from "#core/ports/log.ts";
import type { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { FakeDialer } from "#drivers/fake/fake-agent.ts";
import { FakeHypervisor } from "#drivers/fake/fake-hypervisor.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { FakeWorld } from "#drivers/fake/fake-world.ts";
import { ProgramVersion } from "#drivers/qemu/program-version.ts";
import { QemuHypervisor } from "#drivers/qemu/qemu-hypervisor.ts";
import { AgentDialer } from "#guest/agent-dialer.ts";
import { LocalImageStore } from "#images/local-image-store.ts";

import { accelerated } from "./acceleration.ts";

export interface Virtualisation {
  readonly hypervisor: Hypervisor;
  readonly dialer: GuestDialer;
  readonly images: ImageStore;
  /** the same, where images are real: they can be made, too */
  readonly localImages: LocalImageStore | undefined;
  readonly acceleration: Acceleration;
}

const FAKE_BOOT_MS = 20;

/** @param stateKey what keeps the memory of suspended VMs unreadable on the disk */
export async function virtualisation(
  config: Config,
  stateKey: SecretBytes,
  log: Log,
  signal: AbortSignal,
): Promise<Virtualisation> {
  if (config.hypervisor === "fake") return fakes(config);
  return withQemu(config, stateKey, log, signal);
}

function fakes({ guestReboot }: Config): Virtualisation {
  const world = new FakeWorld(guestReboot);
  const hypervisor = new FakeHypervisor(world, { bootLatencyMs: FAKE_BOOT_MS });
  const dialer = new FakeDialer(world);
  const reason = "No guest runs: the hypervisor is a fake one, for working on clients.";
  const acceleration = { accelerator: "none", reason, hypervisorVersion: undefined } as const;
  return { hypervisor, dialer, images: fakeImages, localImages: undefined, acceleration };
}

async function withQemu(
  config: Config,
  stateKey: SecretBytes,
  log: Log,
  signal: AbortSignal,
): Promise<Virtualisation> {
  const images = await LocalImageStore.open(path.join(config.stateDir, "images"));
  const { qemu, reason } = await accelerated(config, images, signal);
  log.info("host.acceleration", { accel: qemu.accel, reason, tscKhz: qemu.tscKhz });
  const hypervisor = new QemuHypervisor(qemu, stateKey);
  const dialer = new AgentDialer({ clock: systemClock });
  const hypervisorVersion = await versionOf(config.qemuBinary, log, signal);
  const acceleration = { accelerator: qemu.accel, reason, hypervisorVersion };
  return { hypervisor, dialer, images, localImages: images, acceleration };
}

/** @returns `undefined` when it does not say: a program that cannot be run is told of when a VM starts */
async function versionOf(
  binary: string,
  log: Log,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await new ProgramVersion(binary).ask(signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn("host.hypervisor_version_unknown", { error });
    return undefined;
  }
}

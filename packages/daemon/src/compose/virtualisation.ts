/** Picks the hypervisor, the way to its guests and their images: the part of the composition that differs by driver. */

import path from "node:path";

import { systemClock } from "#core/ports/clock.ts";
import type { GuestDialer } from "#core/ports/guest-link.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import type { Log } from "#core/ports/log.ts";
import { QemuHypervisor } from "#drivers/qemu/qemu-hypervisor.ts";
import { AgentDialer } from "#guest/agent-dialer.ts";
import { LocalImageStore } from "#images/local-image-store.ts";

import type { Config } from "#config/config.ts";

export interface Virtualisation {
  readonly hypervisor: Hypervisor;
  readonly dialer: GuestDialer;
  readonly images: ImageStore;
}

export async function virtualisation(
  config: Config,
  _log: Log,
  _signal: AbortSignal,
): Promise<Virtualisation> {
  const images = await LocalImageStore.open(path.join(config.stateDir, "images"));
  const root = process.getuid?.() === 0;
  const hypervisor = new QemuHypervisor({
    binary: config.qemuBinary,
    accel: "tcg",
    tscKhz: 2_100_000,
    bootTimeoutMs: config.bootTimeoutMs,
    users: root ? { base: config.vmmUidBase, count: config.limits.maxVms } : undefined,
  });
  return { hypervisor, dialer: new AgentDialer({ clock: systemClock }), images };
}

/** How guests will run here: as configured, as a probe guest proves, or emulated until there is a kernel to probe with. */

import path from "node:path";

import type { Config } from "#config/config.ts";
import { AlcoveError } from "#core/errors.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import { probeAcceleration } from "#drivers/qemu/acceleration.ts";
import type { QemuConfig } from "#drivers/qemu/qemu-hypervisor.ts";
import type { UidRange } from "#drivers/qemu/uid-pool.ts";
import { hostTscKhz } from "#host/tsc.ts";

/** A machine that is being ended keeps its user until it is gone, while the next one boots. */
const SPARE_USERS = 64;

export interface Accelerated {
  readonly qemu: QemuConfig;
  /** one sentence for people */
  readonly reason: string;
}

export async function accelerated(
  config: Config,
  images: ImageStore,
  signal: AbortSignal,
): Promise<Accelerated> {
  const base = await withoutAcceleration(config, signal);
  const { acceleration } = config;
  if (acceleration !== "auto") {
    return { qemu: { ...base, accel: acceleration }, reason: "Set by ALCOVE_ACCELERATION." };
  }
  const names = [...new Set(config.groups.map(({ image }) => image))];
  const kernelPath = await kernelOf(names, images, signal);
  if (kernelPath === undefined) {
    const reason = `Emulation until image ${names.join(" or ")} is built: without a kernel nothing can be probed.`;
    return { qemu: { ...base, accel: "tcg" }, reason };
  }
  const request = {
    config: base,
    kernelPath,
    scratchDir: path.join(config.runtimeDir, "probe"),
    cachePath: path.join(config.stateDir, "acceleration.json"),
  };
  const { accel, reason } = await probeAcceleration(request, signal);
  return { qemu: { ...base, accel }, reason };
}

/** @returns the users that QEMUs run as; `undefined` when they can only run as the daemon's own */
export function vmmUsers(config: Config): UidRange | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return { base: config.vmmUidBase, count: config.limits.maxVms + SPARE_USERS };
}

async function withoutAcceleration(
  config: Config,
  signal: AbortSignal,
): Promise<Omit<QemuConfig, "accel">> {
  return {
    binary: config.qemuBinary,
    tscKhz: await hostTscKhz(config.agentBinary, signal),
    guestAslr: config.guestAslr,
    guestReboot: config.guestReboot,
    bootTimeoutMs: config.bootTimeoutMs,
    users: vmmUsers(config),
  };
}

/** @returns the kernel of the first of these images that there is */
async function kernelOf(
  names: readonly string[],
  images: ImageStore,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const name of names) {
    try {
      return (await images.resolve(name, signal)).kernel.path;
    } catch (error) {
      if (!AlcoveError.is(error, "image_not_found")) throw error;
    }
  }
  return undefined;
}

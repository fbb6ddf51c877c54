/** Which of the host's graphics processors a VM gets. Pure. */

import type { WantedGpu } from "../message/content.ts";
import type { HostGpu } from "../ports/node-hardware.ts";
import type { AssignedGpu } from "./record.ts";

export type GpuChoice =
  | { readonly found: readonly HostGpu[] }
  /** the first of the wanted ones that there is none left for */
  | { readonly missing: WantedGpu };

/**
 * All of the wanted ones, or none.
 * @param isFree whether a card, by its address on the bus, may be taken
 * @param isOwn whether it is kept for this user already: those are taken first
 */
export function chooseGpus(
  wanted: readonly WantedGpu[],
  host: readonly HostGpu[],
  isFree: (pciHost: string) => boolean,
  isOwn: (pciHost: string) => boolean,
): GpuChoice {
  const free = host.filter(({ pciHost }) => isFree(pciHost));
  const ordered = [
    ...free.filter(({ pciHost }) => isOwn(pciHost)),
    ...free.filter(({ pciHost }) => !isOwn(pciHost)),
  ];
  const found: HostGpu[] = [];
  for (const want of wanted) {
    const card = ordered.find((it) => it.deviceId === want.deviceId && !found.includes(it));
    if (!card) return { missing: want };
    found.push(card);
  }
  return { found };
}

export function assignedGpu({ pciHost, deviceClass }: HostGpu): AssignedGpu {
  return { pciHost, supportsXVga: deviceClass === "0300" };
}

const CLASS_NAMES: Record<WantedGpu["deviceClass"], string> = {
  "0300": "VGA_COMPATIBLE_CONTROLLER",
  "0302": "_3D_CONTROLLER",
};

/** in the words of the network's own nodes */
export function missingGpuText({ vendor, deviceName, deviceClass, deviceId }: WantedGpu): string {
  const kind = `<GpuDeviceClass.${CLASS_NAMES[deviceClass]}: '${deviceClass}'>`;
  return `Failed to find available GPU matching spec vendor='${vendor}' device_name='${deviceName}' device_class=${kind} device_id='${deviceId}'`;
}

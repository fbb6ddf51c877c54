/** What the overlays of a VM are called: the name follows from what they stand on. */

import path from "node:path";

import { isLayerId, type LayerId } from "#core/ids.ts";

/** @param directory the VM's own */
export function overlayPath(directory: string, layer: LayerId | undefined): string {
  return path.join(directory, layer === undefined ? "disk.qcow2" : `disk-${layer}.qcow2`);
}

/** @returns whether a file of that name is an overlay, or was about to become one */
export function isOverlayName(name: string): boolean {
  const layer = /^disk(?:-(.*?))?\.qcow2(?:\.part)?$/.exec(name);
  return layer !== null && (layer[1] === undefined || isLayerId(layer[1]));
}

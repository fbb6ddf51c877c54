/** `layer.json`: what a layer is, beside its disk. */

import { isLayerId, type LayerId } from "#core/ids.ts";
import type { SealedLayer } from "#core/ports/disk-layers.ts";

const VERSION = 1;

export function descriptionOf(layer: SealedLayer): string {
  return JSON.stringify({ v: VERSION, ...layer, parent: layer.parent ?? null });
}

/** @returns `undefined` for what `descriptionOf` has not written */
export function layerFrom(text: string): SealedLayer | undefined {
  const { v, id, parent, imageId, virtualSizeBytes, allocatedBytes, sealedAt } = fieldsOf(text);
  if (v !== VERSION || typeof id !== "string" || !isLayerId(id)) return undefined;
  if (!isParent(parent)) return undefined;
  if (typeof imageId !== "string" || typeof sealedAt !== "string") return undefined;
  if (!isSize(virtualSizeBytes) || !isSize(allocatedBytes)) return undefined;
  const at = new Date(sealedAt);
  if (Number.isNaN(at.getTime())) return undefined;
  return {
    id,
    parent: parent ?? undefined,
    imageId,
    virtualSizeBytes,
    allocatedBytes,
    sealedAt: at,
  };
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {}; // cut short by a power cut, or never there
  }
}

function isParent(value: unknown): value is LayerId | null {
  return value === null || (typeof value === "string" && isLayerId(value));
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

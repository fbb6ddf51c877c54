/** `template.json`: what a template is, beside the driver's half of it. */

import { isLayerId } from "#core/ids.ts";
import type { Template, TemplateNetwork, TemplateShape } from "#core/template/template.ts";

const VERSION = 1;

export function textOfTemplate(template: Template): string {
  return JSON.stringify({ v: VERSION, ...template });
}

/** @returns `undefined` for what `textOfTemplate` has not written */
export function templateFrom(text: string): Template | undefined {
  const value = fieldsOf(parsed(text));
  const { id, key, imageId, imageName, kernel, diskDigest, layer } = value;
  const words = [id, key, imageId, imageName, kernel, diskDigest];
  if (value["v"] !== VERSION || !words.every((word) => typeof word === "string")) return undefined;
  if (typeof layer !== "string" || !isLayerId(layer)) return undefined;
  const shape = shapeFrom(fieldsOf(value["shape"]));
  const { sizeBytes, builtAt } = value;
  if (!shape || !isCount(sizeBytes) || typeof builtAt !== "string") return undefined;
  const at = new Date(builtAt);
  if (Number.isNaN(at.getTime())) return undefined;
  const named = {
    id: String(id),
    key: String(key),
    imageId: String(imageId),
    imageName: String(imageName),
    kernel: String(kernel),
    diskDigest: String(diskDigest),
  };
  return { ...named, shape, layer, sizeBytes, builtAt: at };
}

const NETWORKS: readonly TemplateNetwork[] = ["none", "user", "tap"];

function shapeFrom(value: Record<string, unknown>): TemplateShape | undefined {
  const { vcpus, memoryMiB, diskBytes } = value;
  const network = NETWORKS.find((it) => it === value["network"]);
  if (!isCount(vcpus) || !isCount(memoryMiB) || !isCount(diskBytes)) return undefined;
  return network && { vcpus, memoryMiB, diskBytes, network };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut short by a power cut
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

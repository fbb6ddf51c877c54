/** What the host says of its templates and pools, as the SDK gives it. */

import type { AlcoveClient } from "@alcove/sdk/browser/index.ts";

import { bytes, count } from "../ui/figures.ts";

export type Templates = Awaited<ReturnType<AlcoveClient["templates"]["list"]>>;
export type Template = Templates["templates"][number];
export type TemplateWork = Templates["underWay"][number];
export type Pool = Awaited<ReturnType<AlcoveClient["templates"]["pools"]>>[number];

type Shape = Pick<TemplateWork, "vcpus" | "memoryBytes" | "diskBytes">;

/** "2 vCPUs, 1 GiB of memory, 4 GiB disk" */
export function shapeOf({ vcpus, memoryBytes, diskBytes }: Shape): string {
  return `${count(vcpus, "vCPU")}, ${bytes(memoryBytes)} of memory, ${bytes(diskBytes)} disk`;
}

const NETWORK: Readonly<Record<TemplateWork["network"], string>> = {
  none: "no network",
  user: "user-mode network",
  tap: "bridge or isolated network",
};

export function networkOf({ network }: Pick<TemplateWork, "network">): string {
  return NETWORK[network];
}

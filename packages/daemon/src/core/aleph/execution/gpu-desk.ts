/** Hands out the host's graphics processors: to VMs for as long as they are in, to others for a minute. */

import { isSameAddress } from "../caller.ts";
import type { ExecutableContent } from "../message/content.ts";
import type { NodeHardware } from "../ports/node-hardware.ts";
import type { AlephSettings } from "../settings.ts";
import { assignedGpu, chooseGpus, type GpuChoice, missingGpuText } from "./gpus.ts";
import type { AssignedGpu } from "./record.ts";
import type { Reservations } from "./reservations.ts";
import { StartError } from "./start-error.ts";

export interface GpuDeskDeps {
  readonly settings: Pick<AlephSettings, "gpus">;
  readonly hardware: Pick<NodeHardware, "gpus">;
}

export class GpuDesk {
  readonly #deps: GpuDeskDeps;
  readonly #reservations: Reservations;
  readonly #assigned: () => readonly AssignedGpu[];

  /** @param assigned those that VMs have */
  constructor(
    deps: GpuDeskDeps,
    reservations: Reservations,
    assigned: () => readonly AssignedGpu[],
  ) {
    this.#deps = deps;
    this.#reservations = reservations;
    this.#assigned = assigned;
  }

  /** @throws StartError when one of the wanted ones is missing */
  async forVm(content: ExecutableContent): Promise<readonly AssignedGpu[]> {
    const choice = await this.choose(content, content.address);
    if ("found" in choice) return choice.found.map(assignedGpu);
    throw new StartError("InsufficientResourcesError", missingGpuText(choice.missing));
  }

  /** Those that an address could have now; what it has reserved comes first. */
  async choose(content: ExecutableContent, address: string): Promise<GpuChoice> {
    const wanted = content.requirements?.gpus ?? [];
    if (wanted.length === 0) return { found: [] };
    const host = this.#deps.settings.gpus === "on" ? await this.#deps.hardware.gpus() : [];
    const assigned = new Set(this.#assigned().map(({ pciHost }) => pciHost));
    const holderOf = (pciHost: string) => this.#reservations.holderOf(pciHost);
    const isOwn = (pciHost: string) => isSameAddress(holderOf(pciHost) ?? "", address);
    const isFree = (pciHost: string) =>
      !assigned.has(pciHost) && (holderOf(pciHost) === undefined || isOwn(pciHost));
    return chooseGpus(wanted, host, isFree, isOwn);
  }

  /** addresses on the PCI bus of those that VMs have, or that are kept for somebody */
  inUse(): ReadonlySet<string> {
    const assigned = this.#assigned().map(({ pciHost }) => pciHost);
    return new Set([...assigned, ...this.#reservations.gpus()]);
  }
}

/** A named class of VMs with the same defaults and limits; its name begins their host names. */

import { AlcoveError } from "../errors.ts";
import type { GroupNetwork } from "../network/network.ts";

/** The most that a guest is told in one frame leaves room for so much of a script. */
export const MAX_USERDATA_BYTES = 32 * 1024;

export interface HostGroup {
  readonly name: string;
  /** VMs declared in the configuration; 0 means that all are made by the API */
  readonly count: number;
  /** default and maximum for each VM */
  readonly vcpus: number;
  /** default and maximum for each VM, in `MiB` */
  readonly memoryMiB: number;
  /** image for VMs that name none */
  readonly image: string;
  /** size of root disks in bytes; `undefined` is the image's own */
  readonly diskBytes: number | undefined;
  readonly network: GroupNetwork;
  /** name servers for guests, bare addresses; empty lets the network choose */
  readonly dns: readonly string[];
  /** keys for every VM, before those of the request */
  readonly sshKeys: readonly string[];
  /** first-boot script of VMs that bring none */
  readonly userdata: string | undefined;
  readonly warmPool: WarmPool;
}

/** Machines of a group's usual VMs that are made ahead and wait. */
export interface WarmPool {
  /** how many; 0 is no pool */
  readonly size: number;
  /** at most so many are made a second */
  readonly refillPerSecond: number;
  /** the most that those that wait may have of the host's memory, in bytes */
  readonly memoryBytes: number;
}

export class HostGroups {
  readonly #groups: ReadonlyMap<string, HostGroup>;

  constructor(groups: readonly HostGroup[]) {
    this.#groups = new Map(groups.map((group) => [group.name, group]));
  }

  all(): readonly HostGroup[] {
    return [...this.#groups.values()];
  }

  get(name: string): HostGroup {
    const group = this.#groups.get(name);
    if (group) return group;
    const known = [...this.#groups.keys()].join(", ");
    throw new AlcoveError("group_not_found", `There is no host group "${name}"; known: ${known}`, {
      group: name,
    });
  }
}

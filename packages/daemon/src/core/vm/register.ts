/**
 * Which VMs there are, and the one rule of who sees which: a VM with an owner is reached by those who ask for
 * it as its owner's only, and is not there for anybody else.
 */

import { AlcoveError } from "../errors.ts";
import type { HostGroups } from "../group/host-group.ts";
import type { VmSupervisor } from "./supervisor.ts";

export class VmRegister {
  readonly #groups: HostGroups;
  readonly #byHostname = new Map<string, VmSupervisor>();

  constructor(groups: HostGroups) {
    this.#groups = groups;
  }

  add(vm: VmSupervisor): void {
    this.#byHostname.set(vm.record.hostname, vm);
  }

  remove(vm: VmSupervisor): void {
    this.#byHostname.delete(vm.record.hostname);
  }

  /** whoever owns them; oldest first */
  all(): readonly VmSupervisor[] {
    return [...this.#byHostname.values()];
  }

  /** whoever owns it */
  find(hostname: string): VmSupervisor | undefined {
    return this.#byHostname.get(hostname);
  }

  /** the operator's; oldest first */
  list(): readonly VmSupervisor[] {
    return this.all().filter(isTheOperators);
  }

  /** the operator's. @throws AlcoveError `group_not_found` */
  inGroup(name: string): readonly VmSupervisor[] {
    const group = this.#groups.get(name);
    return this.list().filter((vm) => vm.record.group === group.name);
  }

  /** One of the operator's. @throws AlcoveError `vm_not_found` */
  get(hostname: string): VmSupervisor {
    const vm = this.find(hostname);
    if (vm && isTheOperators(vm)) return vm;
    throw new AlcoveError("vm_not_found", `There is no VM "${hostname}"`, { hostname });
  }

  /** @throws AlcoveError `vm_not_found` also for a VM of another group, `group_not_found` when there is neither */
  getInGroup(group: string, hostname: string): VmSupervisor {
    const vm = this.find(hostname);
    // also of a group that is not configured any more
    if (vm && isTheOperators(vm) && vm.record.group === group) return vm;
    const { name } = this.#groups.get(group);
    const message = `There is no VM "${hostname}" in host group ${name}`;
    throw new AlcoveError("vm_not_found", message, { hostname });
  }
}

function isTheOperators({ record }: VmSupervisor): boolean {
  return record.owner === undefined;
}

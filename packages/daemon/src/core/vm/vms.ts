/**
 * All VMs of this host: create, find, delete, and what follows from their ends.
 *
 * Owns the set of supervisors. It decides names, places and admission; what
 * happens inside one VM's life is its supervisor's.
 */

import { inParallel } from "#lib/in-parallel.ts";

import type { HostGroup, HostGroups } from "../group/host-group.ts";
import type { CapacityLimits } from "../host/capacity.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { HostFacts } from "../ports/host-facts.ts";
import type { GuestReboot } from "../ports/hypervisor.ts";
import type { ImageStore } from "../ports/image-store.ts";
import type { Networks } from "../ports/networks.ts";
import type { Templates } from "../template/templates.ts";
import type { ImportedKeys } from "../secrets/imported-keys.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { StartTrace } from "../trace/start-trace.ts";
import { VmStarts } from "../trace/vm-starts.ts";
import { addVm, type Newcomer } from "./additions.ts";
import { Admissions } from "./admissions.ts";
import { BackgroundWork } from "./background.ts";
import { createVm, specOf } from "./creation.ts";
import { removeLeftovers } from "./leftovers.ts";
import { Forgetting, mustBeDeletable } from "./forgetting.ts";
import type { KeptLayers } from "./kept-layers.ts";
import { KeptMemory } from "./kept-memory.ts";
import type { MadeAhead } from "./made-ahead.ts";
import { hasMachine, holdsShare } from "./lifecycle.ts";
import { VmNews } from "./news.ts";
import { emptyDisk, forkOf } from "./start-of.ts";
import { VmRegister } from "./register.ts";
import type { VmRequest } from "./spec.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import { VmSupervisor } from "./supervisor.ts";
import { changedTags, checkNameIsFree, type TagChange } from "./tags.ts";
import type { VmRecord, VmSpec } from "./vm.ts";

export interface VmsDeps extends Omit<
  SupervisorDeps,
  "announce" | "touched" | "release" | "memory" | "fork" | "emptyDisk" | "onUnconfirmed" | "starts"
> {
  readonly templates: Templates;
  readonly ahead: MadeAhead;
  readonly groups: HostGroups;
  readonly images: ImageStore;
  readonly disks: DiskStore;
  readonly keptLayers: KeptLayers;
  readonly networks: Networks;
  readonly secrets: Secrets;
  readonly keys: ImportedKeys;
  readonly hostFacts: HostFacts;
  readonly limits: CapacityLimits;
  /** directory below which every machine has its own */
  readonly runRoot: string;
}

/** What is logged when a VM does not get beyond its first phase with a machine. */
const FAILURES = { starting: "vm.start_failed", restoring: "vm.restore_failed" } as const;

/** How many VMs are adopted, ended or let go at a time. */
const PARALLEL = 8;

const never = new AbortController().signal;

export class Vms {
  readonly #deps: VmsDeps;
  readonly #register: VmRegister;
  /** who else than a VM needs a share of the host, asks here */
  readonly admissions: Admissions;
  /** and who else writes memory to the disk, here */
  readonly memory: KeptMemory;
  /** what is told of VMs to whoever listens */
  readonly news = new VmNews();
  readonly #background: BackgroundWork;
  readonly #forgetting: Forgetting;

  /** Takes over what the store remembers and what still runs; removes what belongs to nobody. */
  static async open(deps: VmsDeps, signal: AbortSignal): Promise<Vms> {
    const vms = new Vms(deps);
    for (const record of deps.store.all()) vms.#supervise(record);
    try {
      await inParallel(PARALLEL, vms.all(), (vm) => vms.#recover(vm, signal));
      const records = vms.all().map((vm) => vm.record);
      await removeLeftovers(deps, records, signal);
      return vms;
    } catch (error) {
      await vms.abandonAll(); // a daemon that cannot start must not cost anybody a VM, nor hold one
      throw error;
    }
  }

  private constructor(deps: VmsDeps) {
    this.#deps = deps;
    this.#register = new VmRegister(deps.groups);
    this.#background = new BackgroundWork(deps.log);
    this.memory = new KeptMemory(deps);
    this.#forgetting = new Forgetting(deps, (vm) => {
      this.#register.remove(vm);
      this.news.aside.announce(vm);
    });
    const held = () => this.all().filter((vm) => holdsShare(vm.phase));
    this.admissions = new Admissions(deps, () => held().map((vm) => vm.record.spec));
  }

  /** what becomes of a VM whose guest reboots */
  get guestReboot(): GuestReboot {
    return this.#deps.hypervisor.guestReboot;
  }

  /** whoever owns them; oldest first */
  all(): readonly VmSupervisor[] {
    return this.#register.all();
  }

  /** whoever owns it */
  find(hostname: string): VmSupervisor | undefined {
    return this.#register.find(hostname);
  }

  /** those without an owner, as for all that follows; oldest first */
  list(): readonly VmSupervisor[] {
    return this.#register.list();
  }

  inGroup(name: string): readonly VmSupervisor[] {
    return this.#register.inGroup(name);
  }

  get(hostname: string): VmSupervisor {
    return this.#register.get(hostname);
  }

  /** @throws AlcoveError `vm_not_found` also for a VM of another group, `group_not_found` when there is neither */
  getInGroup(group: string, hostname: string): VmSupervisor {
    return this.#register.getInGroup(group, hostname);
  }

  /**
   * Begins a VM's shutdown: resolves when it is under way; a sandbox is gone once it has ended.
   * A suspended VM gives up its memory. Harmless when the VM is at rest otherwise.
   */
  shutDown(vm: VmSupervisor): void {
    if (vm.phase === "suspended")
      void this.inBackground(vm, "vm.stop_failed", () => vm.giveUpMemory(never));
    else if (hasMachine(vm.phase))
      void this.inBackground(vm, "vm.stop_failed", () => vm.stop(never));
  }

  /** Calls `listener` after every change of any VM's phase. */
  onChange(listener: (vm: VmSupervisor) => void): Disposable {
    return this.news.phases.listen(listener);
  }

  /** What a request means in its group now. @throws AlcoveError as `create` does for it */
  specFor(group: HostGroup, request: VmRequest, signal: AbortSignal): Promise<VmSpec> {
    return specOf(this.#deps, group, request, signal);
  }

  /**
   * Makes a VM and starts it. Resolves when it is recorded and its start is under way;
   * whether it booted shows in its phase. When this rejects, nothing is left behind.
   */
  async create(groupName: string, request: VmRequest, signal: AbortSignal): Promise<VmSupervisor> {
    return createVm({ ...this.#deps, vms: this }, groupName, request, signal);
  }

  /**
   * Takes a new VM in; nothing is begun with it.
   * @throws AlcoveError `no_capacity`, `name_taken`, `invalid_request`; then nothing is left behind
   */
  async add(newcomer: Newcomer, signal: AbortSignal): Promise<VmSupervisor> {
    const records = () => this.all().map((vm) => vm.record);
    const checkName = (tags: readonly string[]) => this.#checkName(tags);
    const { admissions } = this;
    const deps = { ...this.#deps, admissions, records, checkName };
    return addVm(newcomer, deps, (record) => this.#supervise(record, newcomer.trace), signal);
  }

  /**
   * Starts a VM that has ended. Resolves when its start is under way, as with a new one.
   * @throws AlcoveError `no_capacity`, or `wrong_phase` when it has not ended
   */
  async startAgain(vm: VmSupervisor, signal: AbortSignal): Promise<void> {
    await this.occupy(vm, { into: "starting", work: () => vm.start(never) }, signal);
  }

  /**
   * Gives a VM a machine: admits it, begins the work, and resolves when that has brought the VM into
   * its first phase. What comes of it shows in the phases that follow.
   * @returns `done` settles with the work; whether anybody waits for it or not
   * @throws AlcoveError `no_capacity`, or whatever keeps it out of that phase
   */
  async occupy(
    vm: VmSupervisor,
    { into, work }: { readonly into: keyof typeof FAILURES; readonly work: () => Promise<void> },
    signal: AbortSignal,
  ): Promise<{ readonly done: Promise<void> }> {
    using _turn = await this.admissions.enter(vm.record.spec, signal);
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    using _listening = this.onChange((it) => {
      if (it === vm && vm.phase === into) resolve();
    });
    const done = work();
    void this.inBackground(vm, FAILURES[into], () => done);
    await Promise.race([begun, done]); // its share is held from then on
    return { done };
  }

  /**
   * Changes a VM's tags, all of it or nothing.
   * @returns the tags afterwards
   * @throws AlcoveError `invalid_request`, or `name_taken` for a friendly name in use
   */
  retag(vm: VmSupervisor, change: TagChange): readonly string[] {
    const before = vm.record.spec.tags;
    const tags = changedTags(before, change);
    this.#checkName(tags.filter((tag) => !before.includes(tag)));
    vm.setTags(tags);
    return tags;
  }

  /** Ends a VM in whatever phase it is and forgets it, disk and all. Once begun, it runs to the end. */
  async delete(vm: VmSupervisor): Promise<void> {
    mustBeDeletable(vm.record);
    await vm.kill("Deleted on request", never);
    await this.#forgetting.forget(vm);
  }

  /** Work that no request waits for: its failure is logged, and the daemon's end waits for it. Never rejects. */
  inBackground(vm: VmSupervisor, event: string, work: () => Promise<void>): Promise<void> {
    return this.#background.run(vm.record.hostname, event, work);
  }

  /** Resolves when what was begun in the background before has ended. */
  settled(): Promise<void> {
    return this.#background.settled();
  }

  /** The daemon goes and leaves every machine to the next one; what is under way ends first. */
  async abandonAll(): Promise<void> {
    await this.#background.settled();
    await inParallel(PARALLEL, this.all(), (vm) => vm.abandon(never));
  }

  #supervise(record: VmRecord, first?: StartTrace): VmSupervisor {
    const { networks, templates } = this.#deps;
    const vm: VmSupervisor = new VmSupervisor(record, {
      ...this.#deps,
      memory: this.memory,
      starts: new VmStarts(first, (start) => this.news.ready.announce(start)),
      release: (it) => networks.release(it),
      fork: (it, plan, signal) => forkOf(it, plan, templates, signal),
      emptyDisk: (it, layer, signal) => emptyDisk(it, layer, this.#deps, signal),
      onUnconfirmed: (why) =>
        void this.inBackground(vm, "vm.discard_failed", () => this.#discard(vm, why)),
      announce: () => this.#onChange(vm),
      touched: () => this.news.aside.announce(vm),
    });
    this.#register.add(vm);
    this.news.aside.announce(vm);
    return vm;
  }

  #onChange(vm: VmSupervisor): void {
    this.news.phases.announce(vm);
    if (vm.phase === "stopped" && vm.record.kind === "sandbox") {
      void this.inBackground(vm, "vm.reap_failed", () => this.#forgetting.forget(vm));
    }
  }

  /** A copy that has not become somebody of its own is nobody's VM, whatever it was asked to be. */
  async #discard(vm: VmSupervisor, why: Error): Promise<void> {
    this.#deps.log.warn("vm.unconfirmed", { hostname: vm.record.hostname, error: why });
    const reason = `Its agent did not confirm that it is a VM of its own: ${why.message}`;
    await vm.kill(reason, never);
    await this.#forgetting.forget(vm);
  }

  async #recover(vm: VmSupervisor, signal: AbortSignal): Promise<void> {
    const { phase } = vm;
    const isHalfMade = hasMachine(phase) && (await vm.adopt(signal)) === "half made";
    // Its creator may have had an answer: what was promised is finished.
    const isPromised = phase === "created" && vm.record.owner === undefined;
    if (isPromised || isHalfMade)
      void this.inBackground(vm, "vm.start_failed", () => vm.start(never));
    else if (phase === "deleted") await this.#forgetting.forget(vm);
    else if (vm.record.kind === "sandbox" && phase === "stopped") await this.#forgetting.forget(vm);
  }

  #checkName(added: readonly string[]): void {
    const records = this.all().map((vm) => vm.record);
    checkNameIsFree(added, records, this.#deps.groups.all());
  }
}

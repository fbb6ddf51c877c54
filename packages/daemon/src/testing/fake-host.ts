/**
 * The whole core over the fake hypervisor: a real store, real disk files, machines that are objects.
 *
 * Opening it again is a daemon's restart: a new core over what the last one left.
 */

import type { LiveForkDeps } from "#core/fork/live-fork.ts";
import { type HostGroup, HostGroups } from "#core/group/host-group.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import type { Secrets } from "#core/secrets/secrets.ts";
import type { Templates } from "#core/template/templates.ts";
import type { KeptLayers } from "#core/vm/kept-layers.ts";
import type { VmRequest } from "#core/vm/spec.ts";
import type { SupervisorDeps } from "#core/vm/supervisor-deps.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import type { VmRecord } from "#core/vm/vm.ts";
import { Vms, type VmsDeps } from "#core/vm/vms.ts";
import { FakeDialer } from "#drivers/fake/fake-agent.ts";
import { FakeHypervisor } from "#drivers/fake/fake-hypervisor.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { type FakeBox, FakeWorld } from "#drivers/fake/fake-world.ts";
import type { Db } from "#store/db.ts";
import type { SqliteVmStore } from "#store/sqlite-vm-store.ts";

import { fakeParts, sharedParts } from "./fake-parts.ts";
import { type FakeState, openFakeState } from "./fake-state.ts";
import { type LoneParts, loneVm } from "./lone-vm.ts";
import { RememberingLog } from "./remembering-log.ts";
import { type TempDir, tempDir } from "./temp-dir.ts";

/** a signal that never aborts */
export const never: AbortSignal = new AbortController().signal;

const BOOT_MS = 1;

export function aGroup(different: Partial<HostGroup>): HostGroup {
  return {
    name: "sbox",
    count: 0,
    vcpus: 2,
    memoryMiB: 1024,
    image: "base",
    diskBytes: undefined,
    network: { mode: "user" },
    dns: [],
    sshKeys: [],
    userdata: undefined,
    warmPool: { size: 0, refillPerSecond: 100, memoryBytes: 1024 ** 3 },
    ...different,
  };
}

export function aRequest(different: Partial<VmRequest>): VmRequest {
  return {
    vcpus: undefined,
    memoryBytes: undefined,
    gpuCount: undefined,
    image: undefined,
    kind: "sandbox",
    hostname: undefined,
    tags: [],
    sshKeys: [],
    userdata: undefined,
    importKeysOf: undefined,
    secrets: undefined,
    network: undefined,
    address: undefined,
    ...different,
  };
}

export class FakeHost implements AsyncDisposable {
  readonly disks: FakeState["disks"];
  readonly world = new FakeWorld();
  readonly db: Db;
  readonly store: SqliteVmStore;
  readonly commitStore: FakeState["commitStore"];
  readonly secrets: Secrets;
  readonly log: RememberingLog;
  readonly hypervisor = new FakeHypervisor(this.world, { bootLatencyMs: BOOT_MS });
  readonly dialer = new FakeDialer(this.world);
  readonly groups: HostGroups;
  /** from the next opening on */
  templates: "on" | "off" = "off";
  readonly #directory: TempDir;
  readonly #state: FakeState;
  readonly #ends: (() => Promise<void>)[] = [];
  #keptLayers: KeptLayers | undefined;
  #templates: Templates | undefined;

  private constructor(
    directory: TempDir,
    kept: { readonly log: RememberingLog; readonly state: FakeState },
    groups: readonly HostGroup[],
  ) {
    this.#directory = directory;
    this.#state = kept.state;
    this.disks = kept.state.disks;
    this.db = kept.state.db;
    this.store = kept.state.store;
    this.commitStore = kept.state.commitStore;
    this.secrets = kept.state.secrets;
    this.log = kept.log;
    this.groups = new HostGroups(groups);
  }

  static async make(groups: readonly HostGroup[] = [aGroup({})]): Promise<FakeHost> {
    const directory = await tempDir();
    const log = new RememberingLog();
    const state = await openFakeState(directory.path, log);
    return new FakeHost(directory, { log, state }, groups);
  }

  /** where everything of this host is on disk */
  get directory(): string {
    return this.#directory.path;
  }

  /** what the host announces beside phases of VMs */
  get events(): FakeState["events"] {
    return this.#state.events;
  }

  get layers(): FakeState["layers"] {
    return this.#state.layers;
  }

  /** of the last opening */
  get keptLayers(): KeptLayers {
    if (this.#keptLayers) return this.#keptLayers;
    throw new Error("the host is opened first");
  }

  /** of the last opening */
  get usedTemplates(): Templates {
    if (this.#templates) return this.#templates;
    throw new Error("the host is opened first");
  }

  get runRoot(): string {
    return `${this.directory}/run`;
  }

  /** A daemon's start. What the test wants different is put over the usual parts. */
  async open(different: Partial<VmsDeps> = {}): Promise<Vms> {
    const parts = { ...this.#parts(different.images), ...(await this.#shared()), ...different };
    const vms = await Vms.open(parts, never);
    this.#ends.push(() => vms.abandonAll());
    return vms;
  }

  /** What forks need on a host that was opened. */
  forking(vms: Vms, different: Partial<LiveForkDeps> = {}): LiveForkDeps {
    const keptLayers = this.#keptLayers;
    if (!keptLayers) throw new Error("the host is opened first");
    const { groups, images, disks, secrets, log, limits } = this.#parts();
    const parts = { vms, groups, images, disks, secrets, log, limits, keptLayers };
    return { ...parts, layers: this.layers, ...different };
  }

  /** What the core of a daemon is made of here, less what VMs share. */
  get parts(): LoneParts {
    return this.#parts();
  }

  /** One VM by itself, already stored and with its disk. */
  async supervise(
    record: VmRecord,
    different: Partial<SupervisorDeps> = {},
  ): Promise<VmSupervisor> {
    const image = await fakeImages.resolve(record.imageId, never);
    const ground = { image: image.rootfs, layer: record.layer };
    await this.disks.create(record.id, ground, image.rootfs.virtualSizeBytes);
    this.store.insert(record);
    return this.superviseAgain(record, different);
  }

  /** The same for a VM that is stored already: what a new daemon does with it. */
  superviseAgain(record: VmRecord, different: Partial<SupervisorDeps> = {}): VmSupervisor {
    const vm = loneVm(record, this.#parts(fakeImages), different);
    this.#ends.push(() => vm.abandon(never));
    return vm;
  }

  /** the machine of a VM that runs */
  boxOf(vm: VmSupervisor): FakeBox {
    const box = this.world.find(vm.record.id);
    if (box) return box;
    throw new Error(`${vm.record.hostname} has no machine`);
  }

  /** the inputs that a VM's life has seen, oldest first */
  lifeOf(vm: VmSupervisor): readonly string[] {
    const events = this.store.events(1_000).filter(({ vmId }) => vmId === vm.record.id);
    return events.map(({ input }) => input).toReversed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
    for (const box of this.world.living())
      box.end({ kind: "crash", lastWords: "the test is over" });
    this.db.close();
    await this.#directory[Symbol.asyncDispose]();
  }

  /** What VMs share: templates, in use only where the test turned them on, and the layers of their disks. */
  async #shared(): Promise<Pick<VmsDeps, "templates" | "keptLayers">> {
    const { templates, keptLayers } = await sharedParts(this.#state, {
      directory: this.directory,
      hypervisor: this.hypervisor,
      log: this.log,
      templates: this.templates,
      ofCommits: () => this.commitStore.layers(),
    });
    this.#templates = templates;
    this.#keptLayers = keptLayers;
    return { templates, keptLayers };
  }

  #parts(images: ImageStore = fakeImages): LoneParts {
    const { hypervisor, dialer, log, groups, runRoot } = this;
    return fakeParts(this.#state, { hypervisor, dialer, log, groups, runRoot, images });
  }
}

/** What people see of templates and may do about them: which there are, one more, one less. */

import { AlcoveError, invalidRequest } from "../errors.ts";
import type { HostGroup, HostGroups } from "../group/host-group.ts";
import { rootDiskBytes } from "../image/disk-size.ts";
import type { LayerId } from "../ids.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";
import type { ImageStore } from "../ports/image-store.ts";
import type { KeptLayers } from "../vm/kept-layers.ts";
import { checkSpec, type VmRequest } from "../vm/spec.ts";
import type { Vms } from "../vm/vms.ts";
import { type Template, templateNetwork } from "./template.ts";
import type { TemplateWork, TemplateWorks } from "./template-works.ts";
import type { Templates, Wanted } from "./templates.ts";

export interface DeskDeps {
  readonly templates: Templates;
  readonly works: TemplateWorks;
  readonly vms: Vms;
  readonly groups: HostGroups;
  readonly images: ImageStore;
  readonly layers: DiskLayers;
  readonly keptLayers: KeptLayers;
}

/** A template with what it costs and gives. */
export interface TemplateAccount {
  readonly template: Template;
  /** what its disk takes, in bytes */
  readonly layerBytes: number;
  /** what it holds in the host's memory for the next VMs, in bytes; 0 until it is used */
  readonly heldBytes: number;
  /** under this daemon; `undefined` when it did not serve yet */
  readonly lastUsedAt: Date | undefined;
  /** VMs whose disks stand on its disk: from it, or from others that do */
  readonly vms: number;
}

/** A template for VMs of a group, as a create in that group may ask for them. */
export interface TemplateOrder {
  /** `undefined`: the only one */
  readonly group: string | undefined;
  readonly image: string | undefined;
  readonly vcpus: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** What came of an order. */
export type Ordered =
  | { readonly is: "there" | "built"; readonly template: TemplateAccount }
  | { readonly is: "under way"; readonly work: TemplateWork };

export class TemplateDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** whether VMs come from templates here */
  get enabled(): boolean {
    return this.#deps.templates.enabled;
  }

  /** oldest first */
  list(): readonly TemplateAccount[] {
    const account = this.#accounts();
    return this.#deps.templates.list().map(account);
  }

  /** being built, or waiting for that */
  underWay(): readonly TemplateWork[] {
    return this.#deps.works.list();
  }

  /**
   * Builds a template unless it is there, or joins the building of it.
   * @param wait whether to wait until it is there; it is built anyway
   * @throws AlcoveError `unsupported`, `group_not_found`, `image_not_found`, `invalid_request`, and when
   *   it waits `no_capacity` or `build_failed`
   */
  async order(order: TemplateOrder, wait: boolean, signal: AbortSignal): Promise<Ordered> {
    this.#mustBeOn();
    const { templates, works } = this.#deps;
    const wanted = await this.#wantedBy(order, signal);
    const known = templates.list().find(({ key }) => key === wanted.key);
    if (known) return { is: "there", template: this.#accounts()(known) };
    const building = works.build(wanted, signal);
    if (!wait) {
      building.catch(() => undefined); // it is logged
      return { is: "under way", work: works.of(wanted.key) };
    }
    const built = await building;
    return { is: "built", template: this.#accounts()(built) };
  }

  /**
   * VMs that came from it live on; what they need of its disk stays with them.
   * @returns as it was
   * @throws AlcoveError `template_not_found`
   */
  async remove(id: string): Promise<TemplateAccount> {
    const { templates, keptLayers } = this.#deps;
    const account = this.#accounts()(templates.get(id));
    await templates.remove(id);
    await keptLayers.collect();
    return account;
  }

  #mustBeOn(): void {
    if (this.enabled) return;
    const message =
      "This host uses no templates: they are turned off (ALCOVE_TEMPLATES=off), or its hypervisor has none";
    throw new AlcoveError("unsupported", message, { feature: "templates" });
  }

  async #wantedBy(
    { group: name, image: wantedImage, vcpus, memoryBytes }: TemplateOrder,
    signal: AbortSignal,
  ): Promise<Wanted> {
    const { images, templates } = this.#deps;
    const group = this.#groupOf(name);
    const request = { ...LIKE_THE_GROUPS, image: wantedImage, vcpus, memoryBytes };
    const spec = checkSpec(request, group, []);
    const image = await images.resolve(spec.image, signal);
    const shape = {
      vcpus: spec.vcpus,
      memoryMiB: spec.memoryMiB,
      diskBytes: rootDiskBytes(spec.diskBytes, image),
      network: templateNetwork(spec.network.settings.mode),
    };
    return { shape, image, key: await templates.keyOf(shape, image, signal) };
  }

  #groupOf(name: string | undefined): HostGroup {
    const { groups } = this.#deps;
    if (name !== undefined) return groups.get(name);
    const [only, ...others] = groups.all();
    if (only && others.length === 0) return only;
    const known = groups.all().map((group) => group.name);
    throw invalidRequest("group", `say which host group it is for: ${known.join(", ")}`);
  }

  #accounts(): (template: Template) => TemplateAccount {
    const { templates, layers, vms } = this.#deps;
    const sealed = new Map(layers.list().map((layer) => [layer.id, layer]));
    const below = function* (id: LayerId | undefined): Generator<LayerId> {
      for (let at = id; at !== undefined; at = sealed.get(at)?.parent) yield at;
    };
    const grounds = vms.all().map((vm) => new Set(below(vm.record.layer)));
    return (template) => {
      const { id, layer } = template;
      const usedAt = templates.usedAt(id);
      return {
        template,
        layerBytes: sealed.get(layer)?.allocatedBytes ?? 0,
        heldBytes: templates.heldBytes(id),
        lastUsedAt: usedAt === undefined ? undefined : new Date(usedAt),
        vms: grounds.filter((ground) => ground.has(layer)).length,
      };
    };
  }
}

/** What a create asks for that says nothing. */
const LIKE_THE_GROUPS: VmRequest = {
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
};

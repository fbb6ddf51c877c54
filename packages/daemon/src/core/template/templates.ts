/**
 * The templates that there are, and machines made from them.
 *
 * Owns which template serves which VM, and which are held ready in memory. What is missing it only says; building is
 * `template-works.ts`'s.
 */

import { AlcoveError } from "../errors.ts";
import { Announcer } from "#lib/announcer.ts";
import type { HostEvents } from "../events/host-events.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import type { BootPlan, Machine } from "../ports/machine.ts";
import type { ImageStore, ResolvedImage } from "../ports/image-store.ts";
import type { Log } from "../ports/log.ts";
import type { MachineTemplates, OpenTemplate } from "../ports/machine-templates.ts";
import type { TemplateStore } from "../ports/template-store.ts";
import { comparedPlan, type Template, templateKey, type TemplateShape } from "./template.ts";

export interface TemplatesDeps {
  readonly hypervisor: Hypervisor;
  readonly files: TemplateStore;
  readonly layers: DiskLayers;
  readonly images: ImageStore;
  readonly events: Pick<HostEvents, "announce">;
  readonly log: Log;
  /** off: every VM boots */
  readonly enabled: boolean;
}

/** A template for a VM, or why there is none. */
export type Choice =
  | { readonly template: Template }
  | { readonly template: undefined; readonly why: string | undefined };

/** What a VM was made without. */
export interface Wanted {
  readonly shape: TemplateShape;
  readonly image: ResolvedImage;
  readonly key: string;
}

/** How many templates are held ready at once; each takes the memory that its guest had touched. */
const MAX_OPEN = 8;

/** How often in a row no machine may come of a template before it is of no use: one may have been killed meanwhile. */
const MAX_FAILURES = 3;

const never = new AbortController().signal;

export class Templates {
  readonly #deps: TemplatesDeps;
  readonly #byId = new Map<string, Template>();
  /** least recently used first */
  readonly #open = new Map<string, Promise<OpenTemplate>>();
  readonly #missing = new Announcer<Wanted>();
  readonly #usedAt = new Map<string, number>();
  /** why the last template of a key cannot be used, or be built, until there is another */
  readonly #refused = new Map<string, string>();
  readonly #heldBytes = new Map<string, number>();
  /** since a machine came of it */
  readonly #failures = new Map<string, number>();

  static async open(deps: TemplatesDeps): Promise<Templates> {
    const templates = new Templates(deps);
    for (const template of await deps.files.list()) templates.#byId.set(template.id, template);
    return templates;
  }

  private constructor(deps: TemplatesDeps) {
    this.#deps = deps;
  }

  get enabled(): boolean {
    return this.#deps.enabled && this.#deps.hypervisor.templates !== undefined;
  }

  /** oldest first */
  list(): readonly Template[] {
    return [...this.#byId.values()].toSorted((a, b) => a.builtAt.getTime() - b.builtAt.getTime());
  }

  /** when it last served, in `ms` since 1970; `undefined` when it did not under this daemon */
  usedAt(id: string): number | undefined {
    return this.#usedAt.get(id);
  }

  /** what it holds in the host's memory, in bytes; 0 for one that is not held ready */
  heldBytes(id: string): number {
    return this.#heldBytes.get(id) ?? 0;
  }

  /** @throws AlcoveError `template_not_found` */
  get(id: string): Template {
    const template = this.#byId.get(id);
    if (template) return template;
    throw new AlcoveError("template_not_found", `There is no template "${id}"`, { template: id });
  }

  /** Calls `listener` whenever a VM has to boot because there is no template for it. */
  onMissing(listener: (wanted: Wanted) => void): Disposable {
    return this.#missing.listen(listener);
  }

  /** The template for a VM, checked and held ready. It is never refused: whatever is wrong, the VM can boot. */
  async choose(shape: TemplateShape, image: ResolvedImage, signal: AbortSignal): Promise<Choice> {
    if (!this.#deps.enabled) return { template: undefined, why: undefined };
    if (!this.#deps.hypervisor.templates) {
      const why = `the ${this.#deps.hypervisor.name} hypervisor makes no VMs from templates`;
      return { template: undefined, why };
    }
    const key = await this.keyOf(shape, image, signal);
    const template = this.list().findLast((it) => it.key === key);
    if (template && (await this.makeReady(template))) return { template };
    this.#missing.announce({ shape, image, key });
    const why = this.#refused.get(key) ?? "there was no template of this image and size yet";
    return { template: undefined, why };
  }

  /** Reads and checks a template before a VM needs it. @returns whether it can serve; one that cannot is removed */
  async makeReady(template: Template): Promise<boolean> {
    try {
      await this.#ready(template);
      return true;
    } catch (error) {
      this.#refused.set(template.key, error instanceof Error ? error.message : String(error));
      this.#deps.log.warn("template.refused", { template: template.id, error });
      await this.remove(template.id);
      return false;
    }
  }

  /**
   * Makes a machine from a template; its vCPUs stand still. A template that no machine comes of is removed, so that
   * another is built.
   * @throws AlcoveError `template_not_found`, `state_unusable`
   */
  async fork(id: string, plan: BootPlan, signal: AbortSignal): Promise<Machine> {
    const template = await this.#ready(this.get(id));
    await this.#deps.files.giveConsole(id, plan.consoleLogPath); // as if it had booted itself
    try {
      const machine = await template.fork(plan, signal);
      this.#failures.delete(id);
      return machine;
    } catch (error) {
      if (AlcoveError.is(error, "state_unusable")) await this.#failed(id, error);
      throw error;
    }
  }

  /** VMs that boot instead of coming from it say why. */
  notBuilt(key: string, why: string): void {
    this.#refused.set(key, why);
  }

  /** From now on it serves. */
  add(template: Template): void {
    this.#refused.delete(template.key);
    this.#byId.set(template.id, template);
    this.#changed(template.id);
  }

  /** VMs that came from it keep what they need of it. Its disk's layer is the caller's to collect. */
  async remove(id: string): Promise<void> {
    this.#byId.delete(id);
    this.#failures.delete(id);
    this.#changed(id);
    await this.#close(id);
    await this.#deps.files.remove(id);
  }

  /** what VMs of this shape must have in common */
  async keyOf(shape: TemplateShape, image: ResolvedImage, signal: AbortSignal): Promise<string> {
    const machine = await this.machines.keyOf(comparedPlan(shape, image), signal);
    return templateKey(machine, shape, image);
  }

  /** @throws AlcoveError `unsupported` when the hypervisor has no templates */
  get machines(): MachineTemplates {
    const { templates, name } = this.#deps.hypervisor;
    if (templates) return templates;
    const message = `The ${name} hypervisor makes no VMs from templates`;
    throw new AlcoveError("unsupported", message, { feature: "templates" });
  }

  async closeAll(): Promise<void> {
    for (const id of this.#open.keys()) await this.#close(id);
  }

  #changed(name: string): void {
    this.#deps.events.announce({ what: "templates", name });
  }

  async #failed(id: string, error: AlcoveError): Promise<void> {
    const template = this.#byId.get(id);
    if (!template) return;
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    if (failures < MAX_FAILURES) return;
    this.#refused.set(template.key, error.message);
    this.#deps.log.warn("template.refused", { template: id, error });
    await this.remove(id);
  }

  /** Several may want it at once; it is read and checked once. */
  async #ready(template: Template): Promise<OpenTemplate> {
    const { id } = template;
    const opening = this.#open.get(id) ?? this.#check(template);
    this.#open.delete(id);
    this.#open.set(id, opening);
    this.#usedAt.set(id, Date.now());
    try {
      const open = await opening;
      if (this.#open.get(id) === opening && this.#heldBytes.get(id) !== open.memoryBytes) {
        this.#heldBytes.set(id, open.memoryBytes);
        this.#changed(id);
      }
      await this.#closeOldest();
      return open;
    } catch (error) {
      if (this.#open.get(id) === opening) this.#open.delete(id);
      throw error;
    }
  }

  async #check({ id, layer, diskDigest, imageId }: Template): Promise<OpenTemplate> {
    const { files, layers, images } = this.#deps;
    const image = (await images.resolve(imageId, never)).rootfs;
    const { path } = layers.below({ image, layer });
    if ((await files.digestOf(path, never)) !== diskDigest) {
      const message = "The template cannot be used: its disk was changed or damaged";
      throw new AlcoveError("state_unusable", message, { hypervisor: this.#deps.hypervisor.name });
    }
    return this.machines.open(files.machineOf(id), never);
  }

  async #closeOldest(): Promise<void> {
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size > MAX_OPEN) await this.#close(oldest);
  }

  async #close(id: string): Promise<void> {
    const opening = this.#open.get(id);
    this.#open.delete(id);
    this.#heldBytes.delete(id);
    const open = await opening?.catch(() => undefined); // who asked for it has seen why
    await open?.[Symbol.asyncDispose]();
  }
}

/**
 * Builds templates in the background: one after the other, when no VM is being started.
 *
 * A template that cannot be built is not tried again for a while; until there is one, VMs boot.
 */

import { pause, unlessAborted } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import type { HostEvents } from "../events/host-events.ts";
import type { HostGroup } from "../group/host-group.ts";
import { rootDiskBytes } from "../image/disk-size.ts";
import type { ImageStore } from "../ports/image-store.ts";
import type { Log } from "../ports/log.ts";
import type { Machine } from "../ports/machine.ts";
import { reasonOf } from "../vm/occupancy.ts";
import { isUnderWay } from "../vm/under-way.ts";
import type { Vms } from "../vm/vms.ts";
import { type Template, templateNetwork, type TemplateShape } from "./template.ts";
import { buildTemplate, type BuilderDeps } from "./template-builder.ts";
import type { Templates, Wanted } from "./templates.ts";

export interface WorksDeps extends Omit<BuilderDeps, "machines" | "onComplete" | "roomFor"> {
  readonly templates: Templates;
  readonly vms: Vms;
  readonly events: Pick<HostEvents, "announce">;
  readonly log: Log;
  /** how much all templates together may take on the disk, in bytes */
  readonly maxBytes: number;
}

/** A template that is being built, or waits for its turn. */
export interface TemplateWork {
  readonly imageName: string;
  readonly shape: TemplateShape;
  readonly since: Date;
  readonly isBuilding: boolean;
}

/** how long one that failed is left alone, in `ms` */
const RETRY_AFTER_MS = 10 * 60_000;

/** how long no VM must have been starting before one is built in the background, in `ms` */
const QUIET_MS = 200;

interface Entry extends Omit<TemplateWork, "isBuilding"> {
  readonly done: Promise<Template>;
}

export class TemplateWorks implements AsyncDisposable {
  readonly #deps: WorksDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #failedAt = new Map<string, number>();
  readonly #over = new AbortController();
  readonly #listening: Disposable;
  #last: Promise<unknown> = Promise.resolve();
  /** key of the one whose turn it is */
  #building: string | undefined;
  #ended: Promise<void> | undefined;

  constructor(deps: WorksDeps) {
    this.#deps = deps;
    this.#listening = deps.templates.onMissing((wanted) => this.#begin(wanted));
  }

  /** what is being built, and what waits, in the order of their turns */
  list(): readonly TemplateWork[] {
    return [...this.#entries.keys()].map((key) => this.of(key));
  }

  /** the building of the template that has this key, which has not ended */
  of(key: string): TemplateWork {
    const entry = this.#entries.get(key);
    if (!entry) throw new Error("invariant: it is being built, or waits for that");
    return { ...entry, isBuilding: key === this.#building };
  }

  /**
   * Builds one now, or joins the building of it.
   * @throws AlcoveError `no_capacity`, or `build_failed` with the reason
   */
  async build(wanted: Wanted, signal: AbortSignal): Promise<Template> {
    const known = this.#deps.templates.list().find(({ key }) => key === wanted.key);
    if (known) return known;
    this.#failedAt.delete(wanted.key);
    const { done } = this.#entries.get(wanted.key) ?? this.#enqueue(wanted, "now");
    return unlessAborted(done, signal);
  }

  /** Builds those that the groups' VMs will need, unless there are already. Images that are not there are passed over. */
  async prepareFor(groups: readonly HostGroup[], images: ImageStore): Promise<void> {
    for (const group of groups) {
      try {
        const wanted = await this.wantedBy(group, images);
        const known = this.#deps.templates.list().findLast(({ key }) => key === wanted.key);
        if (known) this.#makeReady(known);
        else this.#begin(wanted);
      } catch (error) {
        this.#deps.log.warn("template.not_prepared", { group: group.name, error });
      }
    }
  }

  /** @throws AlcoveError `image_not_found`, or `unsupported` where there are no templates */
  async wantedBy(group: HostGroup, images: ImageStore): Promise<Wanted> {
    const signal = this.#over.signal;
    const image = await images.resolve(group.image, signal);
    const { vcpus, memoryMiB } = group;
    const diskBytes = rootDiskBytes(group.diskBytes, image);
    const network = templateNetwork(group.network.mode);
    const shape = { vcpus, memoryMiB, diskBytes, network };
    return { shape, image, key: await this.#deps.templates.keyOf(shape, image, signal) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#listening[Symbol.dispose]();
    this.#over.abort(new Error("the daemon ends"));
    await this.#last;
  }

  #begin(wanted: Wanted): void {
    const failedAt = this.#failedAt.get(wanted.key) ?? -Infinity;
    if (this.#entries.has(wanted.key) || performance.now() - failedAt < RETRY_AFTER_MS) return;
    this.#enqueue(wanted, "when quiet").done.catch(() => undefined); // it is logged
  }

  #enqueue(wanted: Wanted, when: "now" | "when quiet"): Entry {
    const { key, image, shape } = wanted;
    const work = async (): Promise<Template> => {
      if (when === "when quiet") await this.#quiet();
      return await this.#build(wanted);
    };
    const done = this.#last.then(work).finally(() => {
      this.#entries.delete(key);
      this.#changed();
    });
    this.#last = done.catch((error: unknown) => {
      if (this.#over.signal.aborted) return;
      this.#failedAt.set(key, performance.now());
      this.#deps.templates.notBuilt(key, reasonOf(error));
      this.#deps.log.warn("template.build_failed", { image: image.name, ...shape, error });
    });
    done.then((template) => this.#makeReady(template)).catch(() => undefined); // it is logged
    const entry = { imageName: image.name, shape, since: this.#deps.clock.now(), done };
    this.#entries.set(key, entry);
    this.#changed();
    return entry;
  }

  #changed(): void {
    this.#deps.events.announce({ what: "templates" });
  }

  /** So that the first VM that comes from it need not wait for the reading of it. */
  #makeReady(template: Template): void {
    this.#last = this.#last
      .then(() => this.#quiet())
      .then(() => this.#deps.templates.makeReady(template))
      .catch(() => undefined); // the daemon ends
  }

  async #build(wanted: Wanted): Promise<Template> {
    const { templates, vms, log } = this.#deps;
    const { vcpus, memoryMiB } = wanted.shape;
    const signal = this.#over.signal;
    signal.throwIfAborted();
    using _share = await vms.admissions.hold({ vcpus, memoryMiB }, signal);
    const begun = performance.now();
    this.#building = wanted.key;
    this.#changed();
    try {
      const { machines } = templates;
      const onComplete = (template: Template) => templates.add(template);
      const roomFor = (machine: Machine) => vms.memory.roomFor(machine);
      const deps = { ...this.#deps, machines, roomFor, onComplete };
      const template = await buildTemplate(wanted, deps, signal);
      const ms = Math.round(performance.now() - begun);
      log.info("template.built", { template: template.id, image: template.imageName, ms });
      await this.#makeRoom(template);
      return template;
    } catch (cause) {
      signal.throwIfAborted();
      if (AlcoveError.is(cause, "no_capacity")) throw cause;
      const message = `The template could not be built: ${reasonOf(cause)}`;
      throw new AlcoveError("build_failed", message, { step: "template" }, { cause });
    } finally {
      this.#building = undefined;
      await this.#deps.keptLayers.collect(); // of one that was not completed, and of those that made room
    }
  }

  /** Those go first that have not served for the longest time. */
  async #makeRoom(newest: Template): Promise<void> {
    const { templates, maxBytes, log } = this.#deps;
    const lastUse = (it: Template) => templates.usedAt(it.id) ?? it.builtAt.getTime();
    const others = templates.list().filter(({ id }) => id !== newest.id);
    let bytes = newest.sizeBytes + others.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const template of others.toSorted((a, b) => lastUse(a) - lastUse(b))) {
      if (bytes <= maxBytes) return;
      bytes -= template.sizeBytes;
      await templates.remove(template.id);
      log.info("template.removed", { template: template.id, reason: "others need its room" });
    }
  }

  /** Waits until no VM is on its way to its first answer. */
  async #quiet(): Promise<void> {
    const { vms } = this.#deps;
    const signal = this.#over.signal;
    const busy = () => vms.all().some(isUnderWay);
    for (let quietMs = 0; quietMs < QUIET_MS; quietMs = busy() ? 0 : quietMs + QUIET_MS / 2) {
      await pause(QUIET_MS / 2, signal);
    }
  }
}

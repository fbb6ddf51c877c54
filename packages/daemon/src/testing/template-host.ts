/** A fake host whose VMs come from templates, built in the background as a daemon does. */

import { randomBytes } from "node:crypto";

import type { HostGroup } from "#core/group/host-group.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import type { Template } from "#core/template/template.ts";
import { Templates } from "#core/template/templates.ts";
import { TemplateWorks, type WorksDeps } from "#core/template/template-works.ts";
import { KeptLayers } from "#core/vm/kept-layers.ts";
import type { Vms, VmsDeps } from "#core/vm/vms.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { TemplateFiles } from "#images/template-files.ts";
import { newHostKey } from "#secrets/ssh-host-keys.ts";

import { eventually } from "./eventually.ts";
import { FakeHost } from "./fake-host.ts";

export interface OpenedHost extends AsyncDisposable {
  readonly vms: Vms;
  readonly templates: Templates;
  readonly works: TemplateWorks;
  readonly keptLayers: KeptLayers;
}

export class TemplateHost implements AsyncDisposable {
  readonly host: FakeHost;

  private constructor(host: FakeHost) {
    this.host = host;
  }

  static async make(groups?: readonly HostGroup[]): Promise<TemplateHost> {
    return new TemplateHost(await FakeHost.make(groups));
  }

  get images(): ImageStore {
    return fakeImages;
  }

  get root(): string {
    return `${this.host.directory}/templates`;
  }

  /** A daemon's start; disposing what it gives is an orderly end that leaves machines where they are. */
  async open(
    different: Partial<VmsDeps> = {},
    working: Partial<WorksDeps> = {},
  ): Promise<OpenedHost> {
    const { host } = this;
    const { layers, events, log, store } = host;
    const hypervisor = different.hypervisor ?? host.hypervisor;
    const files = await TemplateFiles.open(this.root);
    const parts = { hypervisor, files, layers, images: fakeImages, events, log, enabled: true };
    const templates = await Templates.open(parts);
    const keptLayers = new KeptLayers(layers, [
      () => store.all().flatMap(({ layer }) => layer ?? []),
      () => templates.list().map(({ layer }) => layer),
    ]);
    const vms = await host.open({ templates, keptLayers, ...different });
    const works = new TemplateWorks({
      templates,
      vms,
      events,
      log,
      layers,
      keptLayers,
      files,
      dialer: host.dialer,
      disks: host.disks,
      clock: systemClock,
      runRoot: host.runRoot,
      entropy: () => randomBytes(64),
      hostKey: newHostKey,
      maxBytes: Number.MAX_SAFE_INTEGER,
      ...working,
    });
    const end = async () => {
      await works[Symbol.asyncDispose]();
      await vms.abandonAll();
      await templates.closeAll();
    };
    return { vms, templates, works, keptLayers, [Symbol.asyncDispose]: end };
  }

  /** @returns the template, once it was built */
  async built({ templates }: OpenedHost): Promise<Template> {
    await eventually("a template is built", () => templates.list().length > 0);
    const [template] = templates.list();
    if (template) return template;
    throw new Error("invariant: there is one");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.host[Symbol.asyncDispose]();
  }
}

/** The templates of a fake host that was opened, built when somebody asks. */

import { randomBytes } from "node:crypto";

import { systemClock } from "#core/ports/clock.ts";
import { TemplateDesk } from "#core/template/template-desk.ts";
import { TemplateWorks } from "#core/template/template-works.ts";
import type { Vms } from "#core/vm/vms.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { TemplateFiles } from "#images/template-files.ts";
import { newHostKey } from "#secrets/ssh-host-keys.ts";

import type { FakeHost } from "./fake-host.ts";

export interface FakeDesk extends AsyncDisposable {
  readonly desk: TemplateDesk;
}

export async function fakeDesk(host: FakeHost, vms: Vms): Promise<FakeDesk> {
  const {
    usedTemplates: templates,
    groups,
    events,
    layers,
    keptLayers,
    disks,
    dialer,
    log,
    runRoot,
  } = host;
  const files = await TemplateFiles.open(`${host.directory}/templates`);
  const parts = { templates, vms, layers, keptLayers };
  const works = new TemplateWorks({
    ...parts,
    files,
    disks,
    dialer,
    events,
    log,
    runRoot,
    clock: systemClock,
    entropy: () => randomBytes(64),
    hostKey: newHostKey,
    maxBytes: Number.MAX_SAFE_INTEGER,
  });
  const desk = new TemplateDesk({ ...parts, works, groups, images: fakeImages });
  return { desk, [Symbol.asyncDispose]: () => works[Symbol.asyncDispose]() };
}

/** Templates: where they are kept, and who builds them. */

import { randomBytes } from "node:crypto";
import path from "node:path";

import type { Config } from "#config/config.ts";
import type { HostEvents } from "#core/events/host-events.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { DiskLayers } from "#core/ports/disk-layers.ts";
import type { DiskStore } from "#core/ports/disk-store.ts";
import type { Log } from "#core/ports/log.ts";
import type { TemplateStore } from "#core/ports/template-store.ts";
import { type DeskDeps, TemplateDesk } from "#core/template/template-desk.ts";
import { Templates } from "#core/template/templates.ts";
import { TemplateWorks } from "#core/template/template-works.ts";
import type { KeptLayers } from "#core/vm/kept-layers.ts";
import type { Vms } from "#core/vm/vms.ts";
import { TemplateFiles } from "#images/template-files.ts";
import { MIB } from "#lib/bytes.ts";
import { newHostKey } from "#secrets/ssh-host-keys.ts";

import type { Virtualisation } from "./virtualisation.ts";

export interface TemplateParts extends Virtualisation {
  readonly layers: DiskLayers;
  readonly disks: DiskStore;
  readonly events: HostEvents;
  readonly log: Log;
}

export interface OpenTemplates {
  readonly templates: Templates;
  readonly files: TemplateStore;
}

const GUEST_ENTROPY_BYTES = 64;

export async function openTemplates(config: Config, parts: TemplateParts): Promise<OpenTemplates> {
  const files = await TemplateFiles.open(path.join(config.stateDir, "templates"));
  const enabled = config.templates === "on";
  return { files, templates: await Templates.open({ ...parts, files, enabled }) };
}

/** Builds those of the host groups, and what is asked for afterwards; disposing it gives up what is under way. */
export function beginWorks(
  config: Config,
  parts: TemplateParts & OpenTemplates & { readonly keptLayers: KeptLayers },
  vms: Vms,
): TemplateWorks {
  const works = new TemplateWorks({
    ...parts,
    vms,
    clock: systemClock,
    entropy: () => randomBytes(GUEST_ENTROPY_BYTES),
    hostKey: newHostKey,
    runRoot: path.join(config.runtimeDir, "vms"),
    maxBytes: config.templateDiskMiB * MIB,
  });
  if (parts.templates.enabled) void works.prepareFor(config.groups, parts.images);
  return works;
}

/** Where people ask for templates. */
export function openDesk(parts: DeskDeps): TemplateDesk {
  return new TemplateDesk(parts);
}

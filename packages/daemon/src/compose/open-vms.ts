/** The core and everything it needs from the world, put together. */

import path from "node:path";

import type { Config } from "#config/config.ts";
import type { HostGroups } from "#core/group/host-group.ts";
import { checkGroupDisks } from "#core/image/disk-size.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { DiskStore } from "#core/ports/disk-store.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { Log } from "#core/ports/log.ts";
import type { Networks } from "#core/ports/networks.ts";
import type { VmStore } from "#core/ports/vm-store.ts";
import { guestSecrets } from "#core/secrets/guest-secrets.ts";
import { ImportedKeys } from "#core/secrets/imported-keys.ts";
import type { Secrets } from "#core/secrets/secrets.ts";
import type { Templates } from "#core/template/templates.ts";
import { whereaboutsOf } from "#core/vm/boot-plan.ts";
import type { KeptLayers } from "#core/vm/kept-layers.ts";
import type { MadeAhead } from "#core/vm/made-ahead.ts";
import { furnishOwned } from "#core/vm/owned-guest.ts";
import { Vms } from "#core/vm/vms.ts";
import { MIB } from "#lib/bytes.ts";
import { KeyImport } from "#secrets/key-import.ts";

import { guestWords } from "./guest-words.ts";
import { planning } from "./planning.ts";
import type { Virtualisation } from "./virtualisation.ts";

export interface VmsParts extends Virtualisation {
  readonly hostFacts: HostFacts;
  readonly groups: HostGroups;
  readonly disks: DiskStore;
  readonly networks: Networks;
  readonly templates: Templates;
  readonly ahead: MadeAhead;
  readonly keptLayers: KeptLayers;
  readonly secrets: Secrets;
  readonly store: VmStore;
  readonly log: Log;
}

/** Adopts what an earlier daemon left; when this resolves, every VM's phase is true. */
export async function openVms(config: Config, parts: VmsParts, signal: AbortSignal): Promise<Vms> {
  const { images, disks, networks, secrets } = parts;
  await checkGroupDisks(parts.groups.all(), images, signal);
  const runRoot = path.join(config.runtimeDir, "vms");
  const deps = {
    ...parts,
    runRoot,
    clock: systemClock,
    keys: importedKeys(config, parts.log),
    limits: { ...config.limits, diskReserveBytes: config.limits.diskReserveMiB * MIB },
    powerOffGraceMs: config.powerOffGraceMs,
    whereabouts: (record) => whereaboutsOf(record, disks, runRoot),
    planFor: planning({ ...parts, runRoot }),
    ...guestWords(networks),
    ...guestSecrets(secrets, parts.log),
    furnishGuest: (record, link, till) => furnishOwned(record, link, parts.log, till),
  } satisfies Parameters<typeof Vms.open>[0];
  return Vms.open(deps, signal);
}

function importedKeys({ keysUrl, githubUser }: Config, log: Log): ImportedKeys {
  const source = new KeyImport(keysUrl);
  return new ImportedKeys({ source, ownAccount: githubUser, clock: systemClock, log });
}

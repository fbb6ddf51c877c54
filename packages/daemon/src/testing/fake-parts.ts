/** What the core of a fake host is made of. */

import { randomBytes } from "node:crypto";

import type { HostGroups } from "#core/group/host-group.ts";
import type { LayerId } from "#core/ids.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import type { Log } from "#core/ports/log.ts";
import { Templates } from "#core/template/templates.ts";
import { bootPlanFor, guestConfigurationFor, whereaboutsOf } from "#core/vm/boot-plan.ts";
import { KeptLayers } from "#core/vm/kept-layers.ts";
import { furnishOwned } from "#core/vm/owned-guest.ts";
import { nothingAhead } from "#core/vm/made-ahead.ts";
import { renew } from "#core/vm/renewal.ts";
import type { VmsDeps } from "#core/vm/vms.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { fakeNetworks } from "#drivers/fake/fake-networks.ts";
import { TemplateFiles } from "#images/template-files.ts";

import type { FakeState } from "./fake-state.ts";
import type { LoneParts } from "./lone-vm.ts";
import { roomyFacts } from "./roomy-facts.ts";
import { roomyLimits } from "./roomy-limits.ts";

const GRACE_MS = 2_000;
const ENTROPY_BYTES = 64;

export interface FakeOutside extends Pick<VmsDeps, "hypervisor" | "dialer" | "log" | "runRoot"> {
  readonly groups: HostGroups;
  readonly images: ImageStore;
}

export function fakeParts(state: FakeState, outside: FakeOutside): LoneParts {
  const { disks, store, secrets, keys, prepareGuest, attendGuest } = state;
  const { images, runRoot } = outside;
  return {
    ...outside,
    secrets,
    keys,
    prepareGuest,
    attendGuest,
    furnishGuest: (record, link, signal) => furnishOwned(record, link, outside.log, signal),
    store,
    clock: systemClock,
    disks,
    networks: fakeNetworks,
    ahead: nothingAhead,
    hostFacts: roomyFacts,
    limits: roomyLimits,
    powerOffGraceMs: GRACE_MS,
    whereabouts: (record) => whereaboutsOf(record, disks, runRoot),
    planFor: async (record, signal) =>
      bootPlanFor(record, {
        image: await images.resolve(record.imageId, signal),
        network: await fakeNetworks.prepare(record, signal),
        files: disks,
        runRoot,
      }),
    renewGuest: async (record, link, signal) =>
      renew(
        record,
        link,
        {
          network: fakeNetworks.guestNetwork(record),
          time: systemClock.now(),
          entropy: randomBytes(ENTROPY_BYTES),
          sshHostKeys: [],
        },
        signal,
      ),
    configurationFor: async (record) =>
      guestConfigurationFor(record, {
        network: fakeNetworks.guestNetwork(record),
        time: systemClock.now(),
        entropy: randomBytes(ENTROPY_BYTES),
      }),
  };
}

export interface Sharing {
  readonly directory: string;
  readonly hypervisor: VmsDeps["hypervisor"];
  readonly log: Log;
  readonly templates: "on" | "off";
  readonly ofCommits: () => Iterable<LayerId>;
}

/** What VMs share: templates, in use only where the test turned them on, and the layers of their disks. */
export async function sharedParts(
  { layers, store, events }: FakeState,
  { directory, hypervisor, log, templates: use, ofCommits }: Sharing,
): Promise<{ readonly templates: Templates; readonly keptLayers: KeptLayers }> {
  const files = await TemplateFiles.open(`${directory}/templates`);
  const enabled = use === "on";
  const parts = { hypervisor, files, layers, images: fakeImages, events, log, enabled };
  const templates = await Templates.open(parts);
  const ofTemplates = () => templates.list().map(({ layer }) => layer);
  const keptLayers = new KeptLayers(layers, [() => store.layers(), ofCommits, ofTemplates]);
  return { templates, keptLayers };
}

/** Commits of a fake host that was opened. */

import { Commits, type CommitsDeps } from "#core/commit/commits.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { Vms } from "#core/vm/vms.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";

import type { FakeHost } from "./fake-host.ts";
import { roomyFacts } from "./roomy-facts.ts";
import { roomyLimits } from "./roomy-limits.ts";

/** @param different put over the usual parts */
export function fakeCommits(
  host: FakeHost,
  vms: Vms,
  different: Partial<CommitsDeps> = {},
): Commits {
  const { groups, secrets, events, log, disks, layers, keptLayers, commitStore } = host;
  return new Commits({
    vms,
    groups,
    secrets,
    events,
    log,
    disks,
    layers,
    keptLayers,
    commitStore,
    images: fakeImages,
    hostFacts: roomyFacts,
    limits: roomyLimits,
    clock: systemClock,
    ...different,
  });
}

/** What is sampled while the daemon runs. */

import type { Config } from "#config/config.ts";
import { Meters } from "#core/meters/meters.ts";
import type { HostEvents } from "#core/events/host-events.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { Log } from "#core/ports/log.ts";
import type { Vms } from "#core/vm/vms.ts";
import { linuxCounters, withoutProcesses } from "#host/linux-counters.ts";
import { linuxMeter } from "#host/linux-meter.ts";

export interface Sampled {
  readonly vms: Vms;
  readonly hostFacts: HostFacts;
  readonly events: HostEvents;
}

export function keepMeters(
  { meterSeconds, egressAdapter, hypervisor }: Config,
  sampled: Sampled,
  log: Log,
): Meters {
  const hostMeter = linuxMeter(egressAdapter);
  const all = linuxCounters();
  const counters = hypervisor === "fake" ? withoutProcesses(all) : all;
  return new Meters(meterSeconds, { ...sampled, counters, hostMeter, log });
}

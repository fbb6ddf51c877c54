/** The host's account of itself over a fake host, and meters that sample nothing. */

import { HostDesk, type HostDeskDeps } from "#core/host/host-desk.ts";
import { Meters } from "#core/meters/meters.ts";
import { Pools } from "#core/pool/pools.ts";
import type { Vms } from "#core/vm/vms.ts";
import { linuxCounters, withoutProcesses } from "#host/linux-counters.ts";
import { linuxIdentity } from "#host/linux-identity.ts";
import { linuxMeter } from "#host/linux-meter.ts";

import type { FakeHost } from "./fake-host.ts";
import { roomyFacts } from "./roomy-facts.ts";

export function fakeHostDesk(
  host: FakeHost,
  vms: Vms,
  desk: HostDeskDeps["desk"],
  different: Partial<HostDeskDeps> = {},
): HostDesk {
  const { groups, hypervisor } = host;
  return new HostDesk({
    vms,
    groups,
    hypervisor,
    desk,
    hostFacts: roomyFacts,
    acceleration: { accelerator: "none", reason: "A fake.", hypervisorVersion: undefined },
    identity: linuxIdentity(new Date()),
    pools: new Pools(groups.all(), host.events),
    tcpAuth: "on",
    diskReserveBytes: 0,
    configWarnings: [],
    aleph: undefined,
    ...different,
  });
}

/** @param seconds between two samples; by default none are taken */
export function fakeMeters({ log, events }: FakeHost, vms: Vms, seconds = 0): Meters {
  const counters = withoutProcesses(linuxCounters());
  const hostMeter = linuxMeter("lo");
  return new Meters(seconds, { vms, log, events, counters, hostMeter, hostFacts: roomyFacts });
}

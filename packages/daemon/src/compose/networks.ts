/** The networks of this host: real ones as far as the daemon may make them. */

import type { Config } from "#config/config.ts";
import type { HostGroup } from "#core/group/host-group.ts";
import { noRedirects, plainNetworks } from "#core/network/plain-networks.ts";
import type { Networks } from "#core/ports/networks.ts";
import type { PortRedirects } from "#core/ports/port-redirects.ts";
import { hasMachine } from "#core/vm/lifecycle.ts";
import type { Vms } from "#core/vm/vms.ts";
import { fakeNetworks, fakeRedirects } from "#drivers/fake/fake-networks.ts";
import { StartRefused } from "#lib/start-refused.ts";
import { HostNetworks } from "#network/host-networks.ts";
import { Names } from "#network/names.ts";
import { missingForNetworks } from "#network/needs.ts";
import { hostFamilies } from "#network/presence.ts";
import type { WorldSettings } from "#network/routed-vms.ts";

import { vmmUsers } from "./acceleration.ts";

const LOWER_TIMEOUT_MS = 10_000;

export interface OpenedNetworks {
  readonly networks: Networks;
  /** ports of the host that lead to VMs */
  readonly redirects: PortRedirects;
  /** at the daemon's end: what stands for all VMs goes, unless one is left running */
  readonly lowerWithout: (vms: Vms) => AsyncDisposable;
}

/**
 * @param world how routed VMs are connected to it; `undefined` as the host is
 * @throws StartRefused when a host group's network needs what is not there
 */
export function openNetworks(config: Config, world?: WorldSettings): OpenedNetworks {
  if (config.hypervisor === "fake") return alone(fakeNetworks, fakeRedirects);
  const users = vmmUsers(config);
  const demanding = groupWithTaps(config);
  const missing = missingForNetworks();
  if (demanding && !users) refuse(demanding, "start the daemon as root");
  if (demanding && missing.length > 0) refuse(demanding, `get ${missing.join(", ")}`);
  if (!users) return alone(plainNetworks(hostFamilies), noRedirects);
  const guests = {
    guestToHost: config.guestToHost,
    users: { firstUid: users.base, lastUid: users.base + users.count - 1 },
  };
  const networks = new HostNetworks(new Names(config.runtimeDir), guests, world);
  return {
    networks,
    redirects: networks.redirects,
    lowerWithout: (vms) => ({
      async [Symbol.asyncDispose]() {
        if (vms.all().some((vm) => hasMachine(vm.phase))) return;
        await networks.lower(AbortSignal.timeout(LOWER_TIMEOUT_MS));
      },
    }),
  };
}

function alone(networks: Networks, redirects: PortRedirects): OpenedNetworks {
  return { networks, redirects, lowerWithout: () => ({ [Symbol.asyncDispose]: async () => {} }) };
}

/** the first group whose network is made on the host */
export function groupWithTaps({ groups }: Config): HostGroup | undefined {
  return groups.find(({ network }) => network.mode === "bridge" || network.mode === "isolated");
}

function refuse({ name, network }: HostGroup, why: string): never {
  const cure = `${why}, or give the group a user network`;
  throw new StartRefused(`Host group ${name} has a ${network.mode} network: ${cure}`);
}

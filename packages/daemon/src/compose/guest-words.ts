/** What guests are told of themselves, made of what the host knows at that moment. */

import { randomBytes } from "node:crypto";

import { systemClock } from "#core/ports/clock.ts";
import type { Networks } from "#core/ports/networks.ts";
import { guestConfigurationFor } from "#core/vm/boot-plan.ts";
import { renew } from "#core/vm/renewal.ts";
import type { SupervisorDeps } from "#core/vm/supervisor-deps.ts";
import { newHostKey } from "#secrets/ssh-host-keys.ts";

const GUEST_ENTROPY_BYTES = 64;

export type GuestWords = Pick<SupervisorDeps, "renewGuest" | "configurationFor">;

export function guestWords(networks: Networks): GuestWords {
  return {
    renewGuest: async (record, link, signal) => {
      const fresh = {
        network: networks.guestNetwork(record),
        time: systemClock.now(),
        entropy: randomBytes(GUEST_ENTROPY_BYTES),
        sshHostKeys: [newHostKey(`root@${record.hostname}`)],
      };
      return renew(record, link, fresh, signal);
    },
    configurationFor: async (record) =>
      guestConfigurationFor(record, {
        network: networks.guestNetwork(record),
        time: systemClock.now(),
        entropy: randomBytes(GUEST_ENTROPY_BYTES),
      }),
  };
}

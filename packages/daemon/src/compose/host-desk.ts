/** Who tells of the host. */

import type { Config } from "#config/config.ts";
import { HostDesk, type HostDeskDeps } from "#core/host/host-desk.ts";
import { linuxIdentity } from "#host/linux-identity.ts";
import { MIB } from "#lib/bytes.ts";

type FromConfig = "identity" | "tcpAuth" | "diskReserveBytes" | "configWarnings";

export function hostDesk(
  { api, limits, warnings }: Config,
  startedAt: Date,
  parts: Omit<HostDeskDeps, FromConfig>,
): HostDesk {
  return new HostDesk({
    ...parts,
    identity: linuxIdentity(startedAt),
    tcpAuth: api.tcp?.auth,
    diskReserveBytes: limits.diskReserveMiB * MIB,
    configWarnings: warnings,
  });
}

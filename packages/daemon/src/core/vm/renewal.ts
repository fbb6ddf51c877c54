/** What a copy of a guest is told to become, from its VM's record. */

import type { GuestNewIdentity, SshHostKey } from "../ports/guest-identity.ts";
import type { GuestNetwork } from "../ports/guest-link.ts";
import { machineIdOf } from "./boot-plan.ts";
import type { VmRecord } from "./vm.ts";

export interface FreshForCopy {
  readonly network: GuestNetwork | undefined;
  readonly time: Date;
  readonly entropy: Uint8Array;
  readonly sshHostKeys: readonly SshHostKey[];
}

export function newIdentityFor({ id, hostname }: VmRecord, fresh: FreshForCopy): GuestNewIdentity {
  return { hostname, machineId: machineIdOf(id), ...fresh };
}

/** What a copy of a guest is told to become, from its VM's record. */

import type { GuestNewIdentity, GuestReceipt, SshHostKey } from "../ports/guest-identity.ts";
import type { GuestLink } from "../ports/guest-link.ts";
import type { GuestNetwork } from "../ports/guest-network.ts";
import { forgetDelivery } from "../secrets/delivery.ts";
import { machineIdOf } from "./boot-plan.ts";
import type { Fixup, VmRecord } from "./vm.ts";

export interface FreshForCopy {
  readonly network: GuestNetwork | undefined;
  readonly time: Date;
  readonly entropy: Uint8Array;
  readonly sshHostKeys: readonly SshHostKey[];
}

export function newIdentityFor(record: VmRecord, fresh: FreshForCopy): GuestNewIdentity {
  const { id, hostname, origin } = record;
  const whole = { hostname, machineId: machineIdOf(id), ...fresh };
  if (origin.how !== "commit") return whole;
  // The child of a commit was booted: its network is as new as it is.
  const due = (fixup: Fixup) => origin.fixups.includes(fixup);
  return {
    ...whole,
    machineId: due("machine-id") ? whole.machineId : undefined,
    sshHostKeys: due("ssh-host-keys") ? whole.sshHostKeys : undefined,
    network: undefined,
  };
}

/** Tells it, and takes from a guest that came with another's memory what says that it has its secrets already. */
export async function renew(
  record: VmRecord,
  link: GuestLink,
  fresh: FreshForCopy,
  signal: AbortSignal,
): Promise<GuestReceipt> {
  const receipt = await link.reidentify(newIdentityFor(record, fresh), signal);
  if (record.origin.how === "fork") await forgetDelivery(link, signal);
  return receipt;
}

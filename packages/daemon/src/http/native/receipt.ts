/** What a copy's agent has confirmed, in the API's words. */

import type { Receipt } from "@alcove/api";
import type { GuestReceipt } from "#core/ports/guest-identity.ts";

export function receiptOf(receipt: GuestReceipt): Receipt {
  const { rng, clockStepNs, hostname, machineId, sshHostKeys, connectionsCut } = receipt;
  const { mac, address } = receipt;
  return {
    rng,
    clock_step_ns: String(clockStepNs),
    hostname,
    machine_id: machineId,
    ssh_host_keys: sshHostKeys,
    connections_cut: connectionsCut,
    ...(mac === undefined ? {} : { mac }),
    ...(address === undefined ? {} : { ip: address }),
  };
}

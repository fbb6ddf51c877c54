/** Which domains lead to which VMs. */

import type { ItemHash } from "../item-hash.ts";

export interface DomainNames {
  /** @throws Error when it cannot be known now */
  list(signal: AbortSignal): Promise<readonly DomainName[]>;
}

export interface DomainName {
  /** lower case */
  readonly name: string;
  readonly vmHash: ItemHash;
  /** bare IPv4 or IPv6 at which the VM is reached from this host; `undefined`: as the node's address plan has it */
  readonly address: string | undefined;
}

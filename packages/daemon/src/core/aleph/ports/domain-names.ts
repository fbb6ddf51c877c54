/** Which domains lead to which VMs. */

import type { ItemHash } from "../item-hash.ts";

export interface DomainNames {
  /** @throws Error when it cannot be known now */
  list(signal: AbortSignal): Promise<readonly DomainName[]>;
}

export interface DomainName {
  /** lower case, letters, digits, dots and hyphens only */
  readonly name: string;
  readonly vmHash: ItemHash;
}

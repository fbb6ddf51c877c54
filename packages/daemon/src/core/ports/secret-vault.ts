/** Where secrets rest. Only the vault sees them as files, and never in clear. */

import type { SecretBytes } from "../secrets/secret-bytes.ts";

/** Everything about a secret but its content. */
export interface SecretFacts {
  readonly name: string;
  readonly sizeBytes: number;
  /** permission bits of the file in guests, 0 to 0o777 */
  readonly mode: number;
  /** owner of the file in guests */
  readonly uid: number;
  readonly gid: number;
  /** last change of content or facts */
  readonly modifiedAt: Date;
}

export interface Secret extends SecretFacts {
  readonly content: SecretBytes;
}

/** Durable when a method returns. It does not order concurrent writes of one name: its user does. */
export interface SecretVault {
  /** names of all that rest here, sorted, also of those that cannot be read */
  names(): Promise<readonly string[]>;
  /**
   * @returns `undefined` when there is none of that name
   * @throws AlcoveError `secret_damaged` when what rests there is not what was written, or was not written by this host
   */
  read(name: string): Promise<Secret | undefined>;
  /** makes or replaces it: a reader sees the old one or the new one */
  write(secret: Secret): Promise<void>;
  /** @returns whether there was one */
  remove(name: string): Promise<boolean>;
}

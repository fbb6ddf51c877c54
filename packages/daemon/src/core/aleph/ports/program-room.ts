/**
 * What is done with programs in VMs that run: filled over the agent, so that a program needs no network to be reached.
 */

import type { GuestConnection } from "../../ports/guest-connection.ts";
import type { ItemHash } from "../item-hash.ts";
import type { Encoding } from "../message/content.ts";

export interface ProgramRoom {
  /**
   * Has a program serve: puts what it needs into its guest, starts it unless it runs there already, and waits until it
   * takes connections.
   * @throws StartError when it does not come to that
   */
  begin(order: ProgramOrder, signal: AbortSignal): Promise<void>;

  /**
   * Connects to where the program listens in its guest.
   * @param signal aborts the connecting; once connected, use `GuestConnection.cancel`
   * @throws AlcoveError `dial_failed` when nobody listens, `guest_unreachable`, `wrong_phase`
   */
  connect(vmHash: ItemHash, signal: AbortSignal): Promise<GuestConnection>;
}

/** All that is needed to have a program serve in its guest. What comes as a disk is mounted there already. */
export interface ProgramOrder {
  readonly vmHash: ItemHash;
  readonly code: PackedFiles & {
    readonly entrypoint: string;
    readonly interface: "asgi" | "binary";
    readonly args: readonly string[];
  };
  /** `undefined`: none, or it is mounted */
  readonly data: PackedFiles | undefined;
  /** names and values, as the owner gave them */
  readonly variables: Readonly<Record<string, string>>;
}

export interface PackedFiles {
  readonly encoding: Encoding;
  /** absolute path on this host */
  readonly path: string;
  /** absolute path of the directory in the guest */
  readonly mount: string;
}

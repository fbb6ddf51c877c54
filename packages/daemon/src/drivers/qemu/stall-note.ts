/**
 * Whether QEMU holds the guest because its disk could not be written, as QEMU's events tell.
 *
 * A full disk of the host stops the guest and keeps the write that failed: resuming tries it again,
 * and the guest notices nothing. Other errors of the host's disk are told to the guest instead.
 */

import type { QmpEvent } from "./qmp.ts";

const NO_ROOM = "the host's disk is full, and its own could not be written";

export class StallNote {
  #reason: string | undefined;

  /** why the guest stands still, for people; `undefined` while it does not, or was paused on request */
  get reason(): string | undefined {
    return this.#reason;
  }

  take({ name, data }: QmpEvent): void {
    if (name === "RESUME") this.#reason = undefined;
    if (name === "BLOCK_IO_ERROR" && data["action"] === "stop") this.#reason = NO_ROOM;
  }

  /** @param status what `query-status` says of a machine that was found */
  takeStatus(status: string): void {
    if (status === "io-error") this.#reason = NO_ROOM;
  }
}

/** A connection that the agent makes inside the guest, for somebody outside. */

/** Where a connection goes, as seen from inside the guest. */
export type GuestTarget =
  /** `host`: an address, `localhost`, or a name in the guest's `/etc/hosts`; refused otherwise */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** an absolute path */
  | { readonly kind: "unix"; readonly path: string };

export interface ConnectionEnd {
  /** bytes that went to the target */
  readonly sentBytes: number;
  /** bytes that came from the target */
  readonly receivedBytes: number;
}

/** A connection made inside the guest. Its output must be read: unread output stops it by back-pressure. */
export interface GuestConnection {
  /** ends when the target sends no more, which may be long before `ended`; rejects if it is cut first */
  readonly output: AsyncIterable<Uint8Array>;
  /** settles when both directions are over; rejects if it was reset or cancelled, or the session broke */
  readonly ended: Promise<ConnectionEnd>;
  /** resolves once the bytes are on their way (credit was there); they must not be changed afterwards */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** tells the target that no more comes; its own bytes still do */
  endInput(): void;
  /** closes both directions now; harmless when it has ended */
  cancel(): void;
}

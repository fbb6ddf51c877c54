/** Whether an owner has paid for an instance, as far as this node wants to know. */

import type { InstanceContent, StoredMessage } from "../message/content.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { PaymentSettings } from "../settings.ts";

export interface PaymentsDeps {
  readonly settings: PaymentSettings;
  readonly source: Pick<MessageSource, "balance" | "price">;
  /** `undefined`: streams cannot be read here */
  readonly streams: PaymentStreams | undefined;
}

/** Continuous payments from owners to nodes. */
export interface PaymentStreams {
  /** @returns tokens a second that flow now. @throws Error when it cannot be known now */
  rate(from: string, to: string, signal: AbortSignal): Promise<number>;
}

export class Payments {
  constructor(deps: PaymentsDeps) {
    void deps;
  }

  /**
   * @throws Refusal `payment required` when it is not paid for; `bad request` when it cannot be paid for in that way
   *   here; `unavailable` when it cannot be known now
   */
  async check(_order: PaidOrder, _signal: AbortSignal): Promise<void> {
    throw new Error("invariant: not written yet");
  }
}

export interface PaidOrder {
  readonly message: StoredMessage;
  readonly content: InstanceContent;
}

/** Whether an owner has paid for an instance, as far as this node wants to know. */

import { isSameAddress } from "../caller.ts";
import type { InstanceContent, StoredMessage } from "../message/content.ts";
import type { MessageSource, Price } from "../ports/message-source.ts";
import { Refusal } from "../refusal.ts";
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

export interface PaidOrder {
  readonly message: StoredMessage;
  readonly content: InstanceContent;
}

/** a credit instance needs credits for as long as this to begin with */
const CREDIT_SECONDS = 3_600;

/** tokens a second by which a stream may be too small: it is computed in fractions */
const STREAM_TOLERANCE = 1e-10;

/** the twelfth part of a year */
const SECONDS_A_MONTH = 2_628_000;

export class Payments {
  readonly #deps: PaymentsDeps;

  constructor(deps: PaymentsDeps) {
    this.#deps = deps;
  }

  /**
   * @throws Refusal `payment required` when it is not paid for; `bad request` when it cannot be paid for in that way
   *   here; `unavailable` when it cannot be known now
   */
  async check(order: PaidOrder, signal: AbortSignal): Promise<void> {
    if (this.#deps.settings.mode === "none") return;
    switch (order.content.payment.type) {
      case "hold":
        return await this.#checkHeld(order, signal);
      case "superfluid":
        return await this.#checkStream(order, signal);
      case "credit":
        return await this.#checkCredits(order, signal);
    }
  }

  /** In the network plain instances that are paid by holding are placed by its scheduler, never by their owners. */
  async #checkHeld({ message, content }: PaidOrder, signal: AbortSignal): Promise<void> {
    const isPlain = !content.trustedExecution && !content.requirements?.gpus.length;
    if (isPlain && this.#deps.settings.mode === "network") {
      throw new Refusal("bad request", "400: Invalid payment method");
    }
    const { cost } = await this.#price(message, signal);
    const { tokens } = await known(this.#deps.source.balance(message.sender, signal), signal);
    if (tokens >= cost) return;
    throw new Refusal(
      "payment required",
      `Insufficient balance for this instance\n\nRequired: ${amount(cost)} token \nCurrent user balance: ${amount(tokens)}`,
    );
  }

  async #checkCredits({ message, content }: PaidOrder, signal: AbortSignal): Promise<void> {
    const required = (await this.#price(message, signal)).cost * CREDIT_SECONDS;
    const { credits } = await known(this.#deps.source.balance(content.address, signal), signal);
    if (credits >= required) return;
    throw new Refusal(
      "payment required",
      `Insufficient credits for this instance\n\nRequired: ${required.toFixed(2)} credits \nCurrent user credits: ${amount(credits)}`,
    );
  }

  async #checkStream({ message, content }: PaidOrder, signal: AbortSignal): Promise<void> {
    const { settings, streams } = this.#deps;
    const { receiver } = content.payment;
    const wanted = settings.receiverAddress;
    if (receiver === undefined || wanted === undefined || !isSameAddress(receiver, wanted)) {
      throw new Refusal("bad request", "400: Message is not for this instance");
    }
    if (!streams) {
      throw new Refusal("unavailable", "503: Payment streams cannot be read by this node");
    }
    const rate = await known(streams.rate(message.sender, receiver, signal), signal);
    if (rate === 0) {
      throw new Refusal("payment required", "402: Empty payment stream for this instance");
    }
    const { cost } = await this.#price(message, signal);
    if (rate >= cost - STREAM_TOLERANCE) return;
    throw new Refusal(
      "payment required",
      `Insufficient payment stream for this instance\n\nRequired: ${monthly(cost)}\nPresent: ${monthly(rate)}`,
    );
  }

  async #price({ itemHash }: StoredMessage, signal: AbortSignal): Promise<Price> {
    const price = await known(this.#deps.source.price(itemHash, signal), signal);
    if (price) return price;
    throw new Refusal("unavailable", `503: No price is known for the instance ${itemHash}`);
  }
}

/** What cannot be known now is not the owner's fault: he is told to come again. */
async function known<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refusal) throw error;
    throw new Refusal("unavailable", "503: Payments cannot be checked now; try again later", {
      cause: error,
    });
  }
}

function monthly(rate: number): string {
  return `${amount(rate * SECONDS_A_MONTH)} / month (flow = ${amount(rate)})`;
}

/** without an exponent, and without digits that are only there because numbers are binary */
function amount(value: number): string {
  return value.toFixed(12).replace(/\.?0+$/, "");
}

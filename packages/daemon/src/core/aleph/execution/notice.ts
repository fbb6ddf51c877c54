/** An owner's word that an instance is to be started here: everything that is wrong with it before anything is, then the start. */

import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { InstanceContent, StoredMessage } from "../message/content.ts";
import { readInstance } from "../message/parse.ts";
import type { MessageSource } from "../ports/message-source.ts";
import { Refusal } from "../refusal.ts";
import type { Intake } from "./intake.ts";
import { reprOf } from "./start-error.ts";

export interface PaymentDesk {
  /** @throws Refusal `payment required`, `bad request` or `unavailable` */
  check(
    order: { readonly message: StoredMessage; readonly content: InstanceContent },
    signal: AbortSignal,
  ): Promise<void>;
}

export interface NoticeDeps {
  readonly messages: Pick<MessageSource, "message">;
  readonly intake: Pick<Intake, "hasRoomFor">;
  readonly payments: PaymentDesk;
  readonly ensureRunning: (vmHash: ItemHash, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  /** `undefined`: this node does not know what the network calls it */
  readonly nodeHash: string | undefined;
}

/** `error` is a Python exception's `repr`. */
export type NotifyReport =
  | { readonly successful: true }
  | { readonly successful: false; readonly error: string };

/** @throws Refusal for the first that is wrong, in the order that the API promises */
export async function takeNotice(
  vmHash: ItemHash,
  deps: NoticeDeps,
  signal: AbortSignal,
): Promise<NotifyReport> {
  await checkNotice(vmHash, deps, signal);
  try {
    await deps.ensureRunning(vmHash, signal);
    return { successful: true };
  } catch (error) {
    signal.throwIfAborted();
    deps.log.warn("aleph.notice_failed", { vmHash, error });
    return { successful: false, error: reprOf(error) };
  }
}

/** @throws Refusal for the first that is wrong, in the order that the API promises */
export async function checkNotice(
  vmHash: ItemHash,
  { messages, intake, payments, nodeHash }: Omit<NoticeDeps, "ensureRunning" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const message = await messages.message(vmHash, signal);
  if (!message) throw new Refusal("not found", `Hash not found: ${vmHash}`);
  if (message.type !== "INSTANCE") {
    throw new Refusal("bad request", "400: Message is not an instance");
  }
  const content = readInstance(message.content);
  checkNode(content, nodeHash);
  if (!(await intake.hasRoomFor(vmHash, content, signal))) {
    const words = "This CRN cannot host the requested instance at this time.";
    throw new Refusal("unavailable", words);
  }
  await payments.check({ message, content }, signal);
}

function checkNode({ requirements }: InstanceContent, nodeHash: string | undefined): void {
  const wanted = requirements?.nodeHash;
  if (wanted === undefined || wanted === nodeHash) return;
  if (nodeHash === undefined) {
    const words = "503: Node hash not yet discovered, cannot accept targeted allocations";
    throw new Refusal("unavailable", words);
  }
  throw new Refusal("bad request", "400: Instance is allocated to a different node");
}

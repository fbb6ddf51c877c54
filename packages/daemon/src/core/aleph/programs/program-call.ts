/** One call of a VM over HTTP, and what is to be known of the VM for it. */

import { AlcoveError } from "../../errors.ts";
import type { GuestConnection } from "../../ports/guest-connection.ts";
import { asStartError, StartError } from "../execution/start-error.ts";
import type { ExecutionView } from "../execution/view.ts";
import type { ItemHash } from "../item-hash.ts";
import { Refusal } from "../refusal.ts";

/** A VM that runs, for as long as a call of it takes. Disposing ends the call; twice is harmless. */
export interface ProgramCall extends Disposable {
  readonly vmHash: ItemHash;
  /** `undefined` for an instance */
  readonly program: CalledProgram | undefined;
  /** whether it runs only since this call wanted it */
  readonly isNew: boolean;
  /** @throws AlcoveError when nobody takes the connection. @param signal aborts the connecting */
  reach(signal: AbortSignal): Promise<Reached>;
  /** It does not answer as a program does: it is stopped as soon as nobody else uses it. */
  giveUp(): void;
}

export interface CalledProgram {
  readonly codeRef: ItemHash;
  /** how long the call may take, in seconds */
  readonly seconds: number;
}

/** How a VM is talked to: through its agent, or at its address. */
export type Reached =
  | { readonly kind: "inside"; readonly connection: GuestConnection }
  | { readonly kind: "address"; readonly host: string; readonly port: number };

/** whether a call can go to it */
export function isUp(view: ExecutionView | undefined): boolean {
  return view?.state === "running" && view.record.task === undefined;
}

/** whether it runs for as long as it is called */
export function isOnDemand({ record, content }: ExecutionView): boolean {
  return content.kind === "program" && !record.persistent && record.ended === undefined;
}

/** Why a VM did not start, as whoever calls it is told. */
export function inTheirWords(error: unknown): unknown {
  if (Refusal.is(error, "payment required") || error instanceof StartError) return error;
  if (AlcoveError.is(error, "hypervisor_failed") || AlcoveError.is(error, "no_capacity"))
    return error;
  const words = "500: Unhandled error during initialisation";
  return asStartError(error) ?? new Refusal("failed", words, { cause: error });
}

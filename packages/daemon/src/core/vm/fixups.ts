/** What the child of a commit loses of its source's identity: before anything else is put into it, or runs. */

import { AlcoveError } from "../errors.ts";
import type { GuestLink } from "../ports/guest-link.ts";
import type { VmLife } from "./life.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import { isDueFixups } from "./vm.ts";

/** Once in a VM's life, whatever becomes of sessions and daemons. A guest that cannot do it is nobody's VM. */
export async function fixUp(
  life: VmLife,
  { renewGuest, onUnconfirmed }: Pick<SupervisorDeps, "renewGuest" | "onUnconfirmed">,
  link: GuestLink,
  signal: AbortSignal,
): Promise<void> {
  if (!isDueFixups(life.record)) return;
  try {
    life.setReceipt(await renewGuest(life.record, link, signal));
  } catch (error) {
    if (AlcoveError.is(error, "guest_refused")) onUnconfirmed(error);
    throw error;
  }
}

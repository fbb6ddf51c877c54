/** How a fake guest says no: as the real agent would. */

import { AlcoveError } from "#core/errors.ts";
import type { GuestFailureCode } from "#core/ports/guest-link.ts";

export function refusal(reason: GuestFailureCode, message: string): AlcoveError<"guest_refused"> {
  return new AlcoveError("guest_refused", message, { reason });
}

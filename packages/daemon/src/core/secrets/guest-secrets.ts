/** What a VM's supervisor does about secrets: they are there before anything runs, and again when the guest asks. */

import type { Log } from "../ports/log.ts";
import type { SupervisorDeps } from "../vm/supervisor-deps.ts";
import { deliver, deliverOnce } from "./delivery.ts";
import { answerRequests } from "./guest-requests.ts";
import type { Secrets } from "./secrets.ts";

export function guestSecrets(
  secrets: Secrets,
  log: Log,
): Pick<SupervisorDeps, "prepareGuest" | "attendGuest"> {
  return {
    prepareGuest: ({ spec }, link, signal) =>
      deliverOnce(link, () => secrets.chosen(spec.secrets), signal),
    attendGuest: ({ hostname, spec }, link, signal) => {
      const sync = (till: AbortSignal) => deliver(link, secrets.chosen(spec.secrets), till);
      return answerRequests(link, { sync, log: log.with({ hostname }) }, signal);
    },
  };
}

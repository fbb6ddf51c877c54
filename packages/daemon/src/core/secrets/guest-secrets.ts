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
    prepareGuest: async ({ spec }, link, has, signal) => {
      const chosen = () => secrets.chosen(spec.secrets);
      if (has === "what may be there") await deliverOnce(link, chosen, signal);
      else if (await isAny(chosen())) await deliver(link, chosen(), signal);
    },
    attendGuest: ({ hostname, spec }, link, signal) => {
      const sync = (till: AbortSignal) => deliver(link, secrets.chosen(spec.secrets), till);
      return answerRequests(link, { sync, log: log.with({ hostname }) }, signal);
    },
  };
}

async function isAny(secrets: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _secret of secrets) return true;
  return false;
}

/** A connection inside a guest, for somebody outside. */

import { AlcoveError } from "../errors.ts";
import type { GuestConnection, GuestTarget } from "../ports/guest-connection.ts";
import type { GuestFailureCode } from "../ports/guest-link.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { agentOf } from "./guest-work.ts";

/** What says that nobody answers at the target. The others say that nobody can be asked for that. */
const NOBODY_THERE: ReadonlySet<GuestFailureCode> = new Set(["io", "not_found", "permission"]);

/**
 * @param signal aborts the connecting; once connected, use `GuestConnection.cancel`
 * @throws AlcoveError `dial_failed` when nobody in the guest takes the connection
 */
export async function connectInside(
  vm: VmSupervisor,
  target: GuestTarget,
  signal: AbortSignal,
): Promise<GuestConnection> {
  const agent = await agentOf(vm, signal);
  try {
    return await agent.forward(target, signal);
  } catch (cause) {
    const nobody = AlcoveError.is(cause, "guest_refused") && NOBODY_THERE.has(cause.details.reason);
    if (!nobody) throw cause;
    const where = target.kind === "tcp" ? `${target.host}:${target.port}` : target.path;
    const message = `Nobody answers at ${where} inside the guest: ${cause.message}`;
    throw new AlcoveError("dial_failed", message, { target: where }, { cause });
  }
}

/** Whether guests may reach the host's own services, made so as far as this host allows. */

import type { Config } from "#config/config.ts";
import type { Log } from "#core/ports/log.ts";
import type { Vms } from "#core/vm/vms.ts";
import { hasMachine } from "#core/vm/lifecycle.ts";
import { HostGuard } from "#network/host-guard.ts";

import { vmmUsers } from "./acceleration.ts";

const LOWER_TIMEOUT_MS = 10_000;

/** Raised before the first VM runs; lowered at the end if none is left running. */
export interface Guarding {
  lowerWithout(vms: Vms): AsyncDisposable;
}

export async function guardHost(config: Config, log: Log, signal: AbortSignal): Promise<Guarding> {
  const guard = await raised(config, log, signal);
  return {
    lowerWithout: (vms) => ({
      async [Symbol.asyncDispose]() {
        if (vms.all().some((vm) => hasMachine(vm.phase))) return;
        await guard?.lower(AbortSignal.timeout(LOWER_TIMEOUT_MS));
      },
    }),
  };
}

async function raised(
  config: Config,
  log: Log,
  signal: AbortSignal,
): Promise<HostGuard | undefined> {
  const users = vmmUsers(config);
  if (config.hypervisor === "fake" || config.guestToHost === "allow") return undefined;
  if (!users) {
    log.warn("network.host_not_guarded", { reason: "the daemon is not root" });
    return undefined;
  }
  const guarded = { firstUid: users.base, lastUid: users.base + users.count - 1 };
  try {
    return await HostGuard.raise(config.runtimeDir, guarded, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn("network.host_not_guarded", { reason: "nft did not take the rules", error });
    return undefined;
  }
}

/** What becomes of VMs when the daemon begins, and when it ends in order. */

import type { Config } from "#config/config.ts";
import type { Log } from "#core/ports/log.ts";
import { stopAll } from "#core/vm/end-of-daemon.ts";
import { startServices } from "#core/vm/services.ts";
import type { Vms } from "#core/vm/vms.ts";
import { wakeAll } from "#core/vm/waking.ts";

/** Disposing it begins nothing more, and ends no VM. */
export interface Course extends Disposable {
  /** The orderly end: the only thing that ends VMs. Never rejects. */
  end(): Promise<void>;
}

/** Resolves when the declared VMs are on their way; what was suspended with the last daemon follows in the background. */
export async function beginCourse(
  vms: Vms,
  { groups, onStop, gracefulStop }: Config,
  log: Log,
  signal: AbortSignal,
): Promise<Course> {
  await startServices(vms, groups, log, signal);
  const ending = new AbortController();
  void wakeAll(vms, ending.signal);
  return {
    [Symbol.dispose]: () => ending.abort(),
    async end() {
      ending.abort();
      if (onStop === "suspend") await stopAll(vms, "suspend");
      if (onStop === "stop") await stopAll(vms, gracefulStop ? "power off" : "kill");
    },
  };
}

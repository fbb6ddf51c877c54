/** What measures confidential guests on this host: its processor, or a program that plays it. */

import type { ConfidentialBackend } from "#core/aleph/ports/confidential-backend.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import type { Log } from "#core/ports/log.ts";
import { probeSev } from "#drivers/qemu/confidential-probe.ts";
import { HardwareSev } from "#host/sev-hardware.ts";
import { SimulatedSev } from "#host/sev-simulated.ts";

/** @returns `undefined` where there is none, or none is wanted: confidential instances are refused then */
export async function openConfidential(
  { confidential }: AlephSettings,
  qemuBinary: string,
  log: Log,
  signal: AbortSignal,
): Promise<ConfidentialBackend | undefined> {
  if (confidential.backend === "off") return undefined;
  if (confidential.backend === "simulated") {
    const reason = "Confidential instances are simulated: nobody is protected from anything";
    log.warn("aleph.confidential.simulated", { reason });
    return await SimulatedSev.open(confidential);
  }
  const bits = await probeSev(qemuBinary, signal);
  if (typeof bits !== "string") return new HardwareSev({ ...confidential, bits });
  log.warn("aleph.confidential.unavailable", { reason: bits });
  return undefined;
}
